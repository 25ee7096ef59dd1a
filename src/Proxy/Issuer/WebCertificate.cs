using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Proxy.Issuer;

/// <summary>
/// A certificate of Web PKI and its key, out of files that somebody else renews: looked at again every few seconds while
/// somebody connects. Files that cannot be used leave the last good certificate in force.
/// </summary>
internal sealed class WebCertificate
{
    private const int MostBytes = 1024 * 1024;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly string _certificates;
    private readonly string _key;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private byte[] _digest = [];
    private string? _fault;
    private long _lookedAt;
    private SslStreamCertificateContext? _context;

    private WebCertificate(string certificates, string key, TimeProvider time, Action<string> log)
    {
        _certificates = certificates;
        _key = key;
        _time = time;
        _log = log;
    }

    /// <exception cref="IOException">The files cannot be used.</exception>
    public static WebCertificate Open(string certificates, string key, TimeProvider time, Action<string> log)
    {
        var certificate = new WebCertificate(certificates, key, time, log);
        certificate.Look();
        return certificate._fault is { } fault ? throw new IOException(fault) : certificate;
    }

    /// <summary>For one connection: nobody has to show a certificate.</summary>
    public SslServerAuthenticationOptions CreateOptions() => new()
    {
        ServerCertificateContext = Context(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        ClientCertificateRequired = false,
    };

    private SslStreamCertificateContext Context()
    {
        lock (_lock)
        {
            if (_time.GetElapsedTime(_lookedAt) >= LookEvery)
                LookAgain();
            return _context!;
        }
    }

    private void LookAgain()
    {
        var known = _fault;
        Look();
        if (_fault is not null && _fault != known)
            _log($"issuer: {_fault}; the last good certificate stays in force");
    }

    /// <summary>Takes what the files hold now, or says what is wrong with them.</summary>
    private void Look()
    {
        _lookedAt = _time.GetTimestamp();
        try
        {
            var (certificates, key) = (Read(_certificates), Read(_key));
            var digest = SHA256.HashData([.. SHA256.HashData(certificates), .. SHA256.HashData(key)]);
            if (digest.AsSpan().SequenceEqual(_digest))
                return;
            _digest = digest;
            _context = Load(certificates, key);
            _fault = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _fault = $"the certificate for Web PKI cannot be read: {e.Message}";
            _digest = [];
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // What is wrong with a key is nobody's business beyond that it is.
            _fault = $"{_certificates} and {_key} are not a certificate in PEM and its unencrypted key";
        }
    }

    private static SslStreamCertificateContext Load(byte[] certificates, byte[] key)
    {
        var pem = Encoding.ASCII.GetString(certificates);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        var leaf = X509Certificate2.CreateFromPem(pem, Encoding.ASCII.GetString(key));
        // Offline: whoever presents a certificate would else look for its issuer on the network.
        return SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true);
    }

    private static byte[] Read(string path) => new FileInfo(path).Length <= MostBytes
        ? File.ReadAllBytes(path)
        : throw new IOException($"{path} is larger than {MostBytes} bytes");
}
