namespace Proxy.Spiffe.X509;

/// <summary>Why a peer's certificate is not accepted as the SVID that was expected.</summary>
public enum SvidFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The peer presented no certificate.</summary>
    NoCertificate,

    /// <summary>The certificate does not chain to a root of its trust domain's bundle.</summary>
    Untrusted,

    /// <summary>
    /// As <see cref="Untrusted"/>, and the certificate names addresses to fetch its issuer or a revocation list from
    /// (RFC 5280 §4.2.2.1, §4.2.1.13). Nothing is ever fetched: a peer presents all of its chain.
    /// </summary>
    IssuerNotFetched,

    /// <summary>No bundle is known for the certificate's trust domain.</summary>
    NoBundle,

    /// <summary>The chain is right, but the certificate, or one above it, has expired.</summary>
    Expired,

    /// <summary>The chain is right, but the certificate, or one above it, is not valid yet; look at the clocks.</summary>
    NotYetValid,

    /// <summary>The certificate names no URI, and so no SPIFFE ID.</summary>
    NoUriSan,

    /// <summary>The certificate names more than one URI.</summary>
    SeveralUriSans,

    /// <summary>The URI of the certificate is not a SPIFFE ID.</summary>
    BadSpiffeId,

    /// <summary>The SPIFFE ID is that of a trust domain, not of a workload.</summary>
    RootPath,

    /// <summary>The certificate is a certificate authority.</summary>
    CaLeaf,

    /// <summary>The key usage lacks digitalSignature, or allows to sign certificates or revocation lists.</summary>
    BadKeyUsage,

    /// <summary>The extended key usage is present and lacks server or client authentication.</summary>
    BadExtendedKeyUsage,

    /// <summary>The certificate is valid, and another workload's.</summary>
    UnexpectedId,

    /// <summary>The certificate's extensions, or its validity, cannot be read.</summary>
    Malformed,
}
