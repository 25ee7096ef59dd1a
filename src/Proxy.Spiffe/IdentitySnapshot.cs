using System.Collections.Frozen;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe;

/// <summary>
/// SVIDs of the local workloads and bundles by trust domain, read together so that they always belong together.
/// Immutable, except that an SVID is no longer found once it has expired.
/// </summary>
public sealed class IdentitySnapshot
{
    private readonly FrozenDictionary<string, WorkloadIdentity> _workloads;
    private readonly FrozenDictionary<TrustDomain, TrustBundle> _bundles;
    private readonly FrozenDictionary<TrustDomain, TrustBundle> _federated;
    private readonly TimeProvider _time;

    internal IdentitySnapshot(
        long revision,
        IEnumerable<KeyValuePair<string, WorkloadIdentity>> workloads,
        IEnumerable<TrustBundle> bundles,
        TimeProvider time)
    {
        Revision = revision;
        _workloads = workloads.ToFrozenDictionary(StringComparer.Ordinal);
        _bundles = bundles.ToFrozenDictionary(bundle => bundle.TrustDomain);
        _federated = FrozenDictionary<TrustDomain, TrustBundle>.Empty;
        _time = time;
    }

    private IdentitySnapshot(IdentitySnapshot source, long revision, FrozenDictionary<TrustDomain, TrustBundle> federated)
    {
        Revision = revision;
        _workloads = source._workloads;
        _bundles = source._bundles;
        _federated = federated;
        _time = source._time;
    }

    /// <summary>No SVID and no bundle: nobody is believed.</summary>
    public static IdentitySnapshot Empty { get; } = new(0, [], [], TimeProvider.System);

    /// <summary>Grows with each state of one source; 0 is the empty state.</summary>
    public long Revision { get; }

    /// <summary>Every SVID that is held, expired ones included, with the UID of its workload.</summary>
    public IEnumerable<(string Uid, X509Svid Svid)> Svids =>
        _workloads.SelectMany(pair => pair.Value.Svids.Select(svid => (pair.Key, svid)));

    /// <summary>Every bundle that is held: those for all workloads, those that were sent for one, and those of federated trust domains.</summary>
    public IEnumerable<TrustBundle> Bundles =>
        _bundles.Values.Concat(_workloads.Values.SelectMany(workload => workload.Bundles ?? [])).Concat(_federated.Values).Distinct();

    /// <summary>The workload's SVID with exactly this ID, valid now by the clock of the source, or null.</summary>
    public X509Svid? FindSvid(string workloadUid, SpiffeId expected) => FindSvid(workloadUid, expected, _time.GetUtcNow());

    /// <summary>The workload's SVID with exactly this ID, valid at <paramref name="now"/>, or null; of several, the newest.</summary>
    public X509Svid? FindSvid(string workloadUid, SpiffeId expected, DateTimeOffset now)
    {
        X509Svid? found = null;
        foreach (var svid in Find(workloadUid)?.Svids ?? [])
        {
            if (svid.Id.Equals(expected) && svid.IsValidAt(now) && (found is null || svid.NotBefore > found.NotBefore))
                found = svid;
        }

        return found;
    }

    /// <summary>
    /// Whether the source holds an SVID with exactly this ID for the workload, be it expired by now: what it gave last and
    /// has not taken back.
    /// </summary>
    public bool Holds(string workloadUid, SpiffeId expected) =>
        Find(workloadUid)?.Svids.Any(svid => svid.Id.Equals(expected)) == true;

    /// <summary>The bundle of a trust domain that is held for all workloads, or null.</summary>
    public TrustBundle? FindBundle(TrustDomain domain) => _bundles.GetValueOrDefault(domain) ?? _federated.GetValueOrDefault(domain);

    /// <summary>
    /// The bundle of a trust domain that this workload may use: that of its own SVIDs' trust domains and of those
    /// that the source says it federates with, or those that were sent for it alone, and those that the operator
    /// federates this node with; null for any other, and for a workload without SVID.
    /// </summary>
    public TrustBundle? FindBundle(string workloadUid, TrustDomain domain)
    {
        if (Find(workloadUid) is not { Svids.Count: > 0 } workload)
            return null;
        var given = workload.Bundles is { } own
            ? own.FirstOrDefault(bundle => bundle.TrustDomain == domain)
            : workload.MayUse(domain) ? _bundles.GetValueOrDefault(domain) : null;
        return given ?? _federated.GetValueOrDefault(domain);
    }

    /// <summary>Whether an SVID of the trust domain is held, expired ones included.</summary>
    internal bool HasSvidOf(TrustDomain domain) => Svids.Any(held => held.Svid.Id.TrustDomain == domain);

    /// <summary>
    /// The same state with bundles that every workload may use. A bundle that the source holds for all stands in for the
    /// one of its trust domain, and the trust domains of its SVIDs are the source's alone.
    /// </summary>
    internal IdentitySnapshot WithFederated(long revision, IEnumerable<TrustBundle> bundles) => new(
        this,
        revision,
        bundles
            .Where(bundle => !HasSvidOf(bundle.TrustDomain))
            .Select(bundle => _bundles.GetValueOrDefault(bundle.TrustDomain, bundle))
            .ToFrozenDictionary(bundle => bundle.TrustDomain));

    private WorkloadIdentity? Find(string workloadUid) => _workloads.GetValueOrDefault(workloadUid);
}
