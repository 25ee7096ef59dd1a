namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>A key of Ed25519, which the framework does not know: openssl makes it and signs with it.</summary>
internal sealed class EdwardsKey
{
    private readonly byte[] _private;

    public EdwardsKey()
    {
        _private = Run([], "genpkey", "-algorithm", "ed25519");
        PublicInfo = Run(_private, "pkey", "-pubout", "-outform", "DER");
    }

    public byte[] PublicInfo { get; }

    public byte[] Sign(byte[] content)
    {
        var directory = Directory.CreateTempSubdirectory("spiffe-matrix-key-").FullName;
        try
        {
            var (key, signed) = (Path.Combine(directory, "key.pem"), Path.Combine(directory, "content"));
            File.WriteAllBytes(key, _private);
            File.WriteAllBytes(signed, content);
            return Run([], "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", signed);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static byte[] Run(byte[] input, params string[] arguments)
    {
        var result = Openssl.Run(input, arguments);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"openssl {arguments[0]}: {result.Errors}");
    }
}
