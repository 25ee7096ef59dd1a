using Proxy.Spiffe.X509;

namespace Proxy.Spiffe;

/// <summary>What a source said of one workload, always replaced as a whole.</summary>
internal sealed record WorkloadIdentity(IReadOnlyList<X509Svid> Svids, IReadOnlyList<TrustDomain> FederatesWith)
{
    /// <summary>
    /// The bundles that were sent for this workload and for no other; null when the source sends bundles for all
    /// together, of which the workload may use its own trust domain's and those it federates with.
    /// </summary>
    public IReadOnlyList<TrustBundle>? Bundles { get; init; }

    /// <summary>Whether the other says the same; the key belongs to the certificate, so it need not be compared.</summary>
    public bool HasSameContent(WorkloadIdentity other) =>
        Svids.Count == other.Svids.Count
        && Svids.Zip(other.Svids).All(pair => pair.First.HasSameCertificates(pair.Second))
        && FederatesWith.SequenceEqual(other.FederatesWith)
        && HasSameBundles(other);

    public bool MayUse(TrustDomain domain) =>
        Svids.Any(svid => svid.Id.TrustDomain == domain) || (Svids.Count > 0 && FederatesWith.Contains(domain));

    private bool HasSameBundles(WorkloadIdentity other) =>
        Bundles is null
            ? other.Bundles is null
            : other.Bundles is not null
                && Bundles.Count == other.Bundles.Count
                && Bundles.Zip(other.Bundles).All(pair => pair.First.HasSameContent(pair.Second));
}
