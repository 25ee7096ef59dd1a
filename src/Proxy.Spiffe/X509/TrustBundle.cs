using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>
/// The roots of one trust domain. No roots means that no SVID of the trust domain is believed. Roots are
/// self-signed; a chain that ends at any other anchor is not accepted.
/// </summary>
public sealed class TrustBundle
{
    private static readonly Oid ServerAuthentication = new(LeafForm.ServerAuthentication);
    private static readonly Oid ClientAuthentication = new(LeafForm.ClientAuthentication);

    private readonly X509Certificate2[] _roots;

    /// <summary>Makes a bundle of certificates that are already parsed.</summary>
    public TrustBundle(TrustDomain trustDomain, IEnumerable<X509Certificate2> roots)
    {
        TrustDomain = trustDomain;
        _roots = [.. roots];
    }

    /// <summary>The trust domain that the roots speak for; no other.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>The roots, in the order in which they came.</summary>
    public IReadOnlyList<X509Certificate2> Roots => _roots;

    /// <summary>Reads concatenated DER certificates, as SPIFFE's APIs send them.</summary>
    public static bool TryParse(
        TrustDomain trustDomain,
        ReadOnlySpan<byte> concatenatedDer,
        [NotNullWhen(true)] out TrustBundle? bundle,
        out string error)
    {
        bundle = null;
        error = $"The bundle of {trustDomain} is not a sequence of DER certificates.";
        if (!DerSequence.TryLoadAll(concatenatedDer, out var roots))
            return false;
        bundle = new TrustBundle(trustDomain, roots);
        error = "";
        return true;
    }

    /// <summary>Reads certificates in PEM (RFC 7468), as files hold them; text between them is passed over, other labels are not.</summary>
    public static bool TryParsePem(
        TrustDomain trustDomain,
        ReadOnlySpan<char> pem,
        [NotNullWhen(true)] out TrustBundle? bundle,
        out string error)
    {
        bundle = null;
        if (!PemText.TryLoadCertificates(pem, out var roots, out error))
            return false;
        bundle = new TrustBundle(trustDomain, roots);
        return true;
    }

    /// <summary>
    /// Custom roots, no revocation, no downloads: what SslStream needs as CertificateChainPolicy. A new object for
    /// each call, because whoever builds a chain adds the peer's intermediates to it.
    /// </summary>
    /// <param name="verificationTime">The time that validity is judged at; null for the system's clock.</param>
    public X509ChainPolicy CreateChainPolicy(DateTimeOffset? verificationTime = null)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationFlags = X509VerificationFlags.NoFlag,
        };
        policy.CustomTrustStore.AddRange(_roots);
        // An SVID is for both sides of TLS, so what signs it may not be for one side or for other things only.
        policy.ApplicationPolicy.Add(ServerAuthentication);
        policy.ApplicationPolicy.Add(ClientAuthentication);
        if (verificationTime is { } time)
            policy.VerificationTime = time.UtcDateTime;
        return policy;
    }

    /// <summary>Whether one of the roots is this certificate, byte for byte.</summary>
    public bool IsRoot(X509Certificate2 certificate) => FindRoot(certificate) is not null;

    /// <summary>
    /// Whether what was verified by this root of a former bundle is still believed: the bundle has the root, or another
    /// certificate of the same name and key (an anchor is a name and a key, RFC 5280 §6.1.1), or the root has expired and
    /// left the bundle for that: what it signed has its own end.
    /// </summary>
    /// <param name="former">A root of this trust domain.</param>
    /// <param name="now">The time that the root's expiry is judged at.</param>
    public bool StillAnchors(X509Certificate2 former, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(former);
        return _roots.Any(root => IsSameAnchor(root, former)) || Validity.End(former) <= now;
    }

    internal X509Certificate2? FindRoot(X509Certificate2 certificate) =>
        Array.Find(_roots, root => root.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span));

    private static bool IsSameAnchor(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span)
        || (one.SubjectName.RawData.AsSpan().SequenceEqual(other.SubjectName.RawData)
            && one.PublicKey.EncodedKeyValue.RawData.AsSpan().SequenceEqual(other.PublicKey.EncodedKeyValue.RawData)
            && one.GetKeyAlgorithm() == other.GetKeyAlgorithm()
            && one.GetKeyAlgorithmParameters().AsSpan().SequenceEqual(other.GetKeyAlgorithmParameters()));

    /// <summary>Whether the other bundle has the same trust domain and the same roots in the same order.</summary>
    public bool HasSameContent(TrustBundle other) =>
        TrustDomain == other.TrustDomain
        && _roots.Length == other._roots.Length
        && _roots.Zip(other._roots).All(pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));
}
