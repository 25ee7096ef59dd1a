using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Federation;

/// <summary>TLS to one endpoint for one fetch: judges the server's certificate as the profile says, and keeps why it was refused.</summary>
/// <param name="domain">The endpoint.</param>
/// <param name="bundle">With profile https_spiffe, the bundle of the endpoint ID's trust domain; null if none is known.</param>
/// <param name="webRoots">With profile https_web, the authorities; null for the system's.</param>
/// <param name="time">The clock that validity is judged by.</param>
internal sealed class EndpointTls(FederatedDomain domain, TrustBundle? bundle, IReadOnlyList<X509Certificate2>? webRoots, TimeProvider time)
{
    // An SVID's chain has two or three certificates.
    private const int LongestChain = 10;

    /// <summary>Why the server's certificate was refused; empty as long as none was.</summary>
    public string Refusal { get; private set; } = "";

    /// <summary>
    /// The host's name is sent, and checked with profile https_web only. TLS 1.2 is allowed: endpoints need no more than
    /// Mozilla's "intermediate" (SPIFFE Federation, section 5). No client certificate: servers must not ask for one.
    /// </summary>
    public SslClientAuthenticationOptions CreateOptions() => new()
    {
        TargetHost = domain.Url.IdnHost,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = domain.EndpointId is null ? WebPolicy() : NothingBelieved(),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (Refusal = Judge(certificate as X509Certificate2, chain, errors)).Length == 0,
    };

    private string Judge(X509Certificate2? leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        if (leaf is null)
            return "the server presented no certificate";
        return domain.EndpointId is { } expected ? JudgeSvid(expected, leaf, chain) : JudgeWeb(chain, errors);
    }

    private string JudgeSvid(SpiffeId expected, X509Certificate2 leaf, X509Chain? chain)
    {
        X509Certificate2[] presented = [leaf, .. (chain?.ChainPolicy.ExtraStore ?? []).Take(LongestChain)];
        var check = SvidVerifier.Verify(presented, name => name == expected.TrustDomain ? bundle : null, time.GetUtcNow());
        if (check.Id is { } id && id != expected)
            return $"the server says that it is {id}, expected was {expected}";
        return check.IsValid ? "" : $"the server's certificate is refused: {check.Detail}";
    }

    private static string JudgeWeb(X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return "";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return "the server's certificate is not for this host";
        var status = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        return $"the server's certificate is not believed ({status})";
    }

    private X509ChainPolicy WebPolicy()
    {
        var policy = NothingBelieved();
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;
        if (webRoots is null)
            policy.TrustMode = X509ChainTrustMode.System;
        else
            policy.CustomTrustStore.AddRange(webRoots.ToArray());
        return policy;
    }

    // Nothing is fetched in either profile, revocation lists included, as browsers and SPIRE do.
    private static X509ChainPolicy NothingBelieved() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };
}
