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
        _time = time;
    }

    /// <summary>No SVID and no bundle: nobody is believed.</summary>
    public static IdentitySnapshot Empty { get; } = new(0, [], [], TimeProvider.System);

    /// <summary>Grows with each state of one source; 0 is the empty state.</summary>
    public long Revision { get; }

    /// <summary>Every SVID that is held, expired ones included, with the UID of its workload.</summary>
    public IEnumerable<(string Uid, X509Svid Svid)> Svids =>
        _workloads.SelectMany(pair => pair.Value.Svids.Select(svid => (pair.Key, svid)));

    /// <summary>Every bundle that is held: those for all workloads, then those that were sent for one.</summary>
    public IEnumerable<TrustBundle> Bundles =>
        _bundles.Values.Concat(_workloads.Values.SelectMany(workload => workload.Bundles ?? [])).Distinct();

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
    public TrustBundle? FindBundle(TrustDomain domain) => _bundles.GetValueOrDefault(domain);

    /// <summary>
    /// The bundle of a trust domain that this workload may use: that of its own SVIDs' trust domains and of those
    /// that the source says it federates with, or those that were sent for it alone; null for any other, and for a
    /// workload without SVID.
    /// </summary>
    public TrustBundle? FindBundle(string workloadUid, TrustDomain domain)
    {
        if (Find(workloadUid) is not { Svids.Count: > 0 } workload)
            return null;
        if (workload.Bundles is { } own)
            return own.FirstOrDefault(bundle => bundle.TrustDomain == domain);
        return workload.MayUse(domain) ? FindBundle(domain) : null;
    }

    private WorkloadIdentity? Find(string workloadUid) => _workloads.GetValueOrDefault(workloadUid);
}
