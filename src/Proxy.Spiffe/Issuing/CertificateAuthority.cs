using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Issuing;

/// <summary>The embedded issuer's authority: ECDSA P-256, self-signed, its ID that of the trust domain.</summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>How far validity begins in the past, for clocks that are behind.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    /// <summary>How long a new authority is valid where nothing else is said.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;

    internal CertificateAuthority(X509Certificate2 certificateWithKey, TrustDomain trustDomain, TimeProvider time)
    {
        _certificate = certificateWithKey;
        TrustDomain = trustDomain;
        _time = time;
        CreatedAt = Validity.Start(certificateWithKey) + (2 * ClockTolerance);
        ExpiresAt = Validity.End(certificateWithKey);
    }

    /// <summary>The trust domain that the authority signs for; no other.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>When the authority was made; it is valid from a little before.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>The end of the authority, and the latest end of what it signs.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Whether what it signs at this time is believed.</summary>
    internal bool IsValidAt(DateTimeOffset now) => Validity.Start(_certificate) <= now && now < ExpiresAt;

    internal string Serial => _certificate.SerialNumber;

    internal X509Certificate2 Certificate => _certificate;

    /// <summary>The root certificate, DER: the trust domain's bundle.</summary>
    public ReadOnlyMemory<byte> RootCertificate => _certificate.RawDataMemory;

    /// <summary>Makes an authority that is kept nowhere.</summary>
    /// <param name="trustDomain">Whom it signs for.</param>
    /// <param name="time">The clock of validity.</param>
    /// <param name="lifetime">How long it is valid from now on; null for <see cref="Lifetime"/>.</param>
    public static CertificateAuthority Create(TrustDomain trustDomain, TimeProvider time, TimeSpan? lifetime = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = SvidRequest.ForAuthority(trustDomain, key);
        var start = time.GetUtcNow() - (2 * ClockTolerance);
        return new CertificateAuthority(request.CreateSelfSigned(start, time.GetUtcNow() + (lifetime ?? Lifetime)), trustDomain, time);
    }

    /// <summary>Makes a key and signs an SVID for it.</summary>
    /// <param name="id">An ID of the authority's trust domain, with a path.</param>
    /// <param name="lifetime">Validity from now on; cut at the authority's own end.</param>
    /// <exception cref="ArgumentException">The ID is of another trust domain, or has no path.</exception>
    public IssuedSvid Issue(SpiffeId id, TimeSpan lifetime)
    {
        if (id.TrustDomain != TrustDomain || id.Path.Length == 0)
            throw new ArgumentException($"The authority of {TrustDomain} does not sign {id}.", nameof(id));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = _time.GetUtcNow();
        using var certificate = Sign(SvidRequest.ForWorkload(id, key, _certificate), now, now + lifetime);
        return new IssuedSvid(id, certificate.RawData, key.ExportPkcs8PrivateKey(), Validity.Start(certificate), now, Validity.End(certificate));
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"authority of {TrustDomain} from {Validity.Start(_certificate):u} until {ExpiresAt:u}";

    internal string ExportCertificatePem() => _certificate.ExportCertificatePem();

    internal string ExportKeyPem()
    {
        using var key = _certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset now, DateTimeOffset end)
    {
        var start = now - ClockTolerance;
        var earliest = Validity.Start(_certificate);
        return request.Create(
            _certificate,
            start < earliest ? earliest : start,
            end < ExpiresAt ? end : ExpiresAt,
            CreateSerial());
    }

    // 126 random bits; the first byte keeps the number positive and at its full length.
    private static byte[] CreateSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x3F) | 0x40);
        return serial;
    }
}
