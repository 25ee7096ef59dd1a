using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>The SPIFFE IDs that workloads of this cluster have to prove.</summary>
internal sealed class ExpectedIds(TrustDomain trustDomain, SpiffeIdTemplate template)
{
    /// <summary>Whoever speaks plaintext only proves nothing: no source issues this ID, and nothing compares it.</summary>
    public SpiffeId OfNobody { get; } = SpiffeId.Parse($"{trustDomain.Id}/node-proxy/nobody");

    public SpiffeId OfPod(string @namespace, string serviceAccount, Identity identity) =>
        template.IdOf(trustDomain, @namespace, serviceAccount, identity.Number);
}
