using Grpc.Core;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>The SVIDs of one stream: made when an entry begins to match, replaced at half life, dropped with the entry.</summary>
internal sealed class HeldSvids(RotatingAuthority authority, TimeSpan lifetime, TimeProvider time)
{
    private Dictionary<SpiffeId, IssuedSvid>? _svids;

    /// <summary>What is held, in the order of the entries.</summary>
    public IReadOnlyCollection<IssuedSvid> Svids => _svids is null ? [] : _svids.Values;

    /// <summary>How long nothing has to be replaced.</summary>
    public TimeSpan UntilRotation =>
        _svids is { Count: > 0 } ? BoundedWait.Until(_svids.Values.Min(svid => svid.RotatesAt), time) : BoundedWait.Longest;

    /// <summary>Holds SVIDs for exactly these IDs; tells whether anything changed, which is so the first time.</summary>
    /// <exception cref="RpcException">The authority cannot sign now.</exception>
    public bool Update(IEnumerable<SpiffeId> ids)
    {
        var now = time.GetUtcNow();
        var previous = _svids;
        _svids = ids.ToDictionary(id => id, id => Keep(previous?.GetValueOrDefault(id), now) ?? Issue(id));
        return previous is null || previous.Count != _svids.Count || _svids.Any(pair => previous.GetValueOrDefault(pair.Key) != pair.Value);
    }

    private static IssuedSvid? Keep(IssuedSvid? svid, DateTimeOffset now) => svid?.IsFreshAt(now) == true ? svid : null;

    private IssuedSvid Issue(SpiffeId id) => authority.Fault is { } fault
        ? throw new RpcException(new Status(StatusCode.Unavailable, fault))
        : authority.Issue(id, lifetime);
}
