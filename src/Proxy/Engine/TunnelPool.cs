using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Engine;

/// <summary>
/// What a tunnel rests on. Two connections share one only if all of it is the same: identities never share a tunnel.
/// The generations are compared as objects: rotation makes new ones.
/// </summary>
/// <param name="ClientUid">The pod in whose name the tunnel was opened.</param>
/// <param name="Client">The address that it had then.</param>
/// <param name="SvidGeneration">The SVID that it was opened with.</param>
/// <param name="BundleGeneration">The bundle that the server was verified against.</param>
/// <param name="ServerUid">The pod at the other end.</param>
/// <param name="ServerId">The SPIFFE ID that it proved.</param>
/// <param name="Server">The pod's address and port.</param>
internal sealed record TunnelKey(
    string ClientUid, Address Client, object SvidGeneration, object BundleGeneration, string ServerUid, string ServerId, Endpoint Server)
{
    public bool Equals(TunnelKey? other) =>
        other is not null && ClientUid == other.ClientUid && Client == other.Client && ReferenceEquals(SvidGeneration, other.SvidGeneration)
        && ReferenceEquals(BundleGeneration, other.BundleGeneration) && ServerUid == other.ServerUid
        && ServerId == other.ServerId && Server == other.Server;

    public override int GetHashCode() => HashCode.Combine(ClientUid, ServerUid, Server);
}

/// <summary>How many tunnels rest, and for how long.</summary>
internal sealed record TunnelLimits
{
    /// <summary>A tunnel that carried no stream for this long is ended by the client's node.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Resting tunnels of one pair of pods, per worker; the one that rests longest makes room. A pair that is busy needs more
    /// than it has connections: a client dials again before the end of the stream before has crossed the wire.
    /// </summary>
    public int RestingPerPair { get; init; } = 128;

    /// <summary>Resting tunnels in all, per worker; of the client's pod that has the most, the one that rests longest makes room.</summary>
    public int Resting { get; init; } = 1024;
}

/// <summary>The tunnels of one worker that carry no stream just now. The last that came to rest is taken first.</summary>
internal sealed class TunnelPool
{
    private readonly Worker _worker;
    private readonly TimeProvider _time;
    private readonly TunnelLimits _limits;
    private readonly Dictionary<TunnelKey, List<Resting>> _pairs = [];
    private readonly Func<bool> _tryRest;
    private readonly Action _endRest;
    private readonly WheelTimer _sweep;

    /// <param name="worker">The worker of every tunnel in the pool.</param>
    /// <param name="time">The clock of rest and expiry.</param>
    /// <param name="limits">How many, for how long.</param>
    /// <param name="tryRest">Whether the process can spare one more descriptor; if so, it is taken.</param>
    /// <param name="endRest">Gives that descriptor back, before a stream or the end.</param>
    internal TunnelPool(Worker worker, TimeProvider time, TunnelLimits limits, Func<bool> tryRest, Action endRest)
    {
        (_tryRest, _endRest) = (tryRest, endRest);
        _worker = worker;
        _time = time;
        _limits = limits;
        _sweep = new WheelTimer(Sweep);
    }

    /// <summary>Tunnels at rest.</summary>
    internal int Count { get; private set; }

    /// <summary>A tunnel that may carry the next stream; null when there is none.</summary>
    internal TunnelClient? TryTake(TunnelKey key)
    {
        while (_pairs.TryGetValue(key, out var resting))
        {
            var last = resting[^1];
            Remove(last);
            if (last.Tunnel.IsFresh && last.Tunnel.UsableUntil > _time.GetUtcNow())
                return last.Tunnel;
            last.Tunnel.Close();
        }

        return null;
    }

    /// <summary>Lets a tunnel rest until the next stream, or ends it if it can carry none, or if enough rest already.</summary>
    /// <param name="key">What the tunnel rests on.</param>
    /// <param name="tunnel">The tunnel; its stream is over.</param>
    internal void Add(TunnelKey key, TunnelClient tunnel)
    {
        if (!tunnel.IsFree || _limits.Resting == 0 || _limits.RestingPerPair == 0)
        {
            tunnel.Close();
            return;
        }

        if (_pairs.TryGetValue(key, out var crowd) && crowd.Count >= _limits.RestingPerPair)
            End(crowd[0]);
        else if (Count >= _limits.Resting)
            EndOneOfTheMost();
        if (!_tryRest())
        {
            tunnel.Close();
            return;
        }

        if (!_pairs.TryGetValue(key, out var resting))
            _pairs.Add(key, resting = []);
        var added = new Resting(key, tunnel, _time.GetTimestamp());
        resting.Add(added);
        Count++;
        if (!_sweep.IsLinked)
            _worker.Timers.Schedule(_sweep, _limits.Idle);
        tunnel.Rest(() => OnStirred(added));
    }

    /// <summary>Ends every resting tunnel whose ground is gone.</summary>
    internal void EndWhere(Func<TunnelKey, bool> hasLostGround)
    {
        foreach (var resting in _pairs.Where(pair => hasLostGround(pair.Key)).SelectMany(pair => pair.Value).ToArray())
            End(resting);
    }

    /// <summary>Ends a resting tunnel, so that its descriptor can serve a connection; false when none rests.</summary>
    internal bool TryEndOne()
    {
        if (_pairs.Values.FirstOrDefault() is not { } pair)
            return false;
        End(pair[0]);
        return true;
    }

    // So that a pod with many servers does not make the others' connections pay for a handshake each.
    private void EndOneOfTheMost()
    {
        var most = _pairs.GroupBy(pair => pair.Key.ClientUid, StringComparer.Ordinal).MaxBy(client => client.Sum(pair => pair.Value.Count));
        if (most is not null)
            End(most.Select(pair => pair.Value[0]).MinBy(resting => resting.Since)!);
    }

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        foreach (var resting in _pairs.Values.SelectMany(resting => resting).ToArray())
        {
            if (_time.GetElapsedTime(resting.Since) >= _limits.Idle || resting.Tunnel.UsableUntil <= now)
                End(resting);
        }

        if (Count > 0)
            _worker.Timers.Schedule(_sweep, _limits.Idle / 4);
    }

    // A tunnel at rest has nothing to say but that it is over.
    private void OnStirred(Resting resting)
    {
        if (Remove(resting))
            resting.Tunnel.Close();
    }

    private void End(Resting resting)
    {
        Remove(resting);
        resting.Tunnel.Close();
    }

    private bool Remove(Resting resting)
    {
        // The last is the one that is taken next, as a rule.
        if (!_pairs.TryGetValue(resting.Key, out var pair) || pair.LastIndexOf(resting) is var place && place < 0)
            return false;
        pair.RemoveAt(place);
        if (pair.Count == 0)
            _pairs.Remove(resting.Key);
        Count--;
        _endRest();
        return true;
    }

    private sealed class Resting(TunnelKey key, TunnelClient tunnel, long since)
    {
        internal TunnelKey Key => key;

        internal TunnelClient Tunnel => tunnel;

        internal long Since => since;
    }
}
