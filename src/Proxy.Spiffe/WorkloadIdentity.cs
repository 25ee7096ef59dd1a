using Proxy.Spiffe.X509;

namespace Proxy.Spiffe;

/// <summary>What a source said of one workload, always replaced as a whole.</summary>
internal sealed record WorkloadIdentity(IReadOnlyList<X509Svid> Svids, IReadOnlyList<TrustDomain> FederatesWith)
{
    /// <summary>Whether the other says the same; the key belongs to the certificate, so it need not be compared.</summary>
    public bool HasSameContent(WorkloadIdentity other) =>
        Svids.Count == other.Svids.Count
        && Svids.Zip(other.Svids).All(pair => pair.First.HasSameCertificates(pair.Second))
        && FederatesWith.SequenceEqual(other.FederatesWith);

    public bool MayUse(TrustDomain domain) =>
        Svids.Any(svid => svid.Id.TrustDomain == domain) || (Svids.Count > 0 && FederatesWith.Contains(domain));
}
