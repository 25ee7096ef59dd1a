using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Native;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// Judges the certificate of one handshake: a chain to the bundle of the expected trust domain and exactly the
/// expected SPIFFE ID. Keeps what it found, because the handshake itself only says that it failed.
/// </summary>
internal sealed class PeerVerifier(TrustBundle bundle, SpiffeId expected, TimeProvider time)
{
    /// <summary>Certificates that a peer may present; a chain of SPIFFE has two or three.</summary>
    internal const int LongestChain = 10;

    /// <summary>What the peer is judged by; once it has been, what it was judged by.</summary>
    internal TrustBundle Bundle { get; private set; } = bundle;

    /// <summary>
    /// Gives the bundle of now. A handshake may take long, and the peer's certificate may be of a root that was added
    /// meanwhile: who is refused by the bundle that the handshake began with is judged once more by this one.
    /// </summary>
    internal Func<TrustBundle?>? Newest { get; init; }

    /// <summary>What was found; null until a certificate, or its absence, has been judged.</summary>
    internal SvidCheck? Found { get; private set; }

    /// <summary>When the peer's certificate expires, or what its chain rests on; long ago, as long as none has been accepted.</summary>
    internal DateTimeOffset ExpiresAt => Found?.ExpiresAt ?? default;

    /// <summary>The root that the peer's certificate leads to; null as long as none has been accepted.</summary>
    internal X509Certificate2? Root => Found?.Root;

    /// <summary>The callback of SslStream. The stream's own view of host names has no meaning for SPIFFE.</summary>
    internal bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var leaf = certificate as X509Certificate2;
        var found = SvidVerifier.Check(leaf, chain, Bundle, expected, time.GetUtcNow());
        if (!found.IsValid && leaf is not null && chain is not null && Newest?.Invoke() is { } newest && !ReferenceEquals(newest, Bundle))
            found = CheckAgain(leaf, chain.ChainPolicy.ExtraStore, newest, found);
        Found = found;
        return found.IsValid;
    }

    private SvidCheck CheckAgain(X509Certificate2 leaf, X509Certificate2Collection presented, TrustBundle newest, in SvidCheck refused)
    {
        using var chain = new X509Chain { ChainPolicy = newest.CreateChainPolicy() };
        chain.ChainPolicy.ExtraStore.AddRange(presented);
        try
        {
            chain.Build(leaf);
            Bundle = newest;
            return SvidVerifier.Check(leaf, chain, newest, expected, time.GetUtcNow());
        }
        catch (CryptographicException)
        {
            return refused;
        }
        finally
        {
            Release(chain);
        }
    }

    private static void Release(X509Chain chain)
    {
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
    }

    /// <summary>What a refused peer is told.</summary>
    internal CertificateAlert Alert => Found?.Fault switch
    {
        SvidFault.Expired => CertificateAlert.Expired,
        SvidFault.Untrusted or SvidFault.IssuerNotFetched or SvidFault.NoBundle => CertificateAlert.UnknownAuthority,
        _ => CertificateAlert.BadCertificate,
    };

    /// <summary>For libssl, which hands over what the peer presented: builds the chain as SslStream does, and judges it.</summary>
    /// <param name="presented">DER, the leaf first; none when the peer has no certificate.</param>
    /// <param name="isServer">Whether we are the server, and the peer the client.</param>
    internal bool Judge(IReadOnlyList<byte[]> presented, bool isServer)
    {
        if (presented.Count == 0)
            return Validate(this, null, null, SslPolicyErrors.RemoteCertificateNotAvailable);
        var hash = KnownChains.HashOf(presented, isServer);
        if (KnownChains.Of(Bundle).Find(hash, time.GetUtcNow()) is { } known && expected.Equals(known.Id))
        {
            Found = known;
            return true;
        }

        if (!JudgeAnew(presented))
            return false;
        KnownChains.Of(Bundle).Remember(hash, Found!.Value, time.GetUtcNow());
        return true;
    }

    private bool JudgeAnew(IReadOnlyList<byte[]> presented)
    {
        var certificates = new List<X509Certificate2>(presented.Count);
        try
        {
            certificates.AddRange(presented.Take(LongestChain).Select(der => X509CertificateLoader.LoadCertificate(der)));
            return Judge(certificates, isTooLong: presented.Count > LongestChain);
        }
        catch (CryptographicException)
        {
            // Found stays null: nothing was judged, so nothing is believed.
            return false;
        }
        finally
        {
            certificates.ForEach(certificate => certificate.Dispose());
        }
    }

    private bool Judge(List<X509Certificate2> presented, bool isTooLong)
    {
        using var chain = new X509Chain { ChainPolicy = Bundle.CreateChainPolicy() };
        for (var i = 1; i < presented.Count; i++)
            chain.ChainPolicy.ExtraStore.Add(presented[i]);
        try
        {
            if (!isTooLong)
                chain.Build(presented[0]);
            return Validate(this, presented[0], isTooLong ? null : chain, SslPolicyErrors.None);
        }
        finally
        {
            Release(chain);
        }
    }
}
