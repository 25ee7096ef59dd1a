using System.Globalization;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>
/// Who is right, by others: SPIFFE's rules choose the bundle by the leaf, and <c>openssl verify</c> builds the path to it. At its
/// security level 2, as libssl verifies peers by the system's default, keys and signatures below 112 bits do not count.
/// </summary>
internal sealed class MatrixJudge : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("spiffe-matrix-").FullName;
    private int _cases;

    /// <summary>Whether it is believed, and what openssl said.</summary>
    public (bool IsBelieved, string Said) Judge(MatrixCase row)
    {
        if (SpiffeRules.TrustDomainOf(row.Presented[0]) is not { } domain)
            return (false, "not an SVID");
        return row.Roots.TryGetValue(domain, out var roots) ? AskOpenssl(row, roots) : (false, "no bundle");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private (bool, string) AskOpenssl(MatrixCase row, IReadOnlyList<byte[]> roots)
    {
        var number = Interlocked.Increment(ref _cases);
        List<string> arguments =
        [
            "verify", "-no-CApath", "-no-CAstore", "-auth_level", "2", .. row.HasOtherAnchors ? (string[])["-partial_chain"] : [],
            "-attime", Recipe.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "-CAfile", Write($"{number}.roots", roots),
        ];
        if (row.Presented.Count > 1)
            arguments.AddRange(["-untrusted", Write($"{number}.others", row.Presented.Skip(1))]);
        arguments.Add(Write($"{number}.leaf", row.Presented.Take(1)));
        var (exitCode, _, errors) = Openssl.Run([], [.. arguments]);
        return (exitCode == 0, errors);
    }

    private string Write(string name, IEnumerable<byte[]> certificates)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllLines(path, certificates.Select(der => System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", der)));
        return path;
    }
}
