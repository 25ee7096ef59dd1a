using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Broker;

/// <summary>
/// Who this process is: what the Workload API said last of it. With it the Broker API is spoken to over mutual TLS,
/// and its server is checked (SPIFFE Broker Endpoint).
/// </summary>
internal sealed class OwnIdentity(SpiffeIdPattern server, TimeProvider time)
{
    // Both APIs are asked at once when node-proxy starts; the first answer is mostly a moment away.
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile WorkloadIdentity? _current;

    public void Apply(WorkloadIdentity? identity)
    {
        _current = identity;
        if (identity is not null)
            _known.TrySetResult();
    }

    /// <summary>Puts TLS on a connection to the broker.</summary>
    /// <exception cref="AuthenticationException">There is no valid SVID of ours, or the server is not who it must be.</exception>
    public async Task<Stream> SecureAsync(Stream plain, CancellationToken stop)
    {
        await _known.Task.WaitAsync(FirstWait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
        if (_current is not { } own)
            throw new AuthenticationException("the Workload API gives this process no SVID");
        // The first is the default identity (SPIFFE Workload API, section 5.2.1).
        var svid = own.Svids[0];
        if (!svid.IsValidAt(time.GetUtcNow()))
            throw new AuthenticationException($"this process' own SVID is valid from {svid.NotBefore:u} to {svid.ExpiresAt:u} only");

        var refusal = "";
        var tls = new SslStream(plain);
        var options = new SslClientAuthenticationOptions
        {
            // No name of a host is checked, the SPIFFE ID is.
            TargetHost = "",
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            AllowTlsResume = false,
            AllowRenegotiation = false,
            ClientCertificateContext = SslStreamCertificateContext.Create(svid.Certificate, [.. svid.Intermediates], offline: true),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = NothingFetched(),
            RemoteCertificateValidationCallback = (_, certificate, chain, _) => (refusal = Check(own, certificate, chain)).Length == 0,
        };
        try
        {
            await tls.AuthenticateAsClientAsync(options, stop);
            return tls;
        }
        catch (AuthenticationException) when (refusal.Length > 0)
        {
            await tls.DisposeAsync();
            throw new AuthenticationException(refusal);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private string Check(WorkloadIdentity own, X509Certificate? presented, X509Chain? chain)
    {
        if (presented is not X509Certificate2 leaf)
            return "the broker presented no certificate";
        X509Certificate2[] all = [leaf, .. chain?.ChainPolicy.ExtraStore ?? []];
        var check = SvidVerifier.Verify(all, domain => own.Bundles?.FirstOrDefault(bundle => bundle.TrustDomain == domain), time.GetUtcNow());
        if (!check.IsValid)
            return $"the broker's certificate: {check.Detail}";
        return server.Accepts(check.Id!) ? "" : $"the broker is {check.Id}, expected was {server}";
    }

    // What the library builds by itself is not believed; it must at least not go out to the network for it.
    private static X509ChainPolicy NothingFetched() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };
}
