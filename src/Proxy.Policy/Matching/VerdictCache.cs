using System.Collections.Concurrent;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>
/// Subjects of one snapshot with the answers they gave. Full means emptied: an answer costs little to find again, and
/// keeping order would cost every hit.
/// </summary>
internal sealed class VerdictCache(int capacity = VerdictCache.DefaultCapacity)
{
    /// <summary>Subjects and answers together.</summary>
    public const int DefaultCapacity = 1_000_000;

    private readonly ConcurrentDictionary<IdentityKey, SubjectPolicy> _servers = new();
    private readonly ConcurrentDictionary<IdentityKey, SubjectPolicy> _clients = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public SubjectPolicy? Find(Direction direction, Identity subject) =>
        Of(direction).TryGetValue(new IdentityKey(subject), out var policy) ? policy : null;

    public SubjectPolicy Remember(Direction direction, Identity subject, SubjectPolicy policy)
    {
        MakeRoom(1 + policy.Count);
        return Of(direction).GetOrAdd(new IdentityKey(subject), policy);
    }

    /// <summary>Decides what was not asked before.</summary>
    public Verdict Decide(SubjectPolicy subject, in ConnectionFacts facts)
    {
        MakeRoom(1);
        return subject.Decide(facts);
    }

    /// <summary>Everything that is remembered.</summary>
    public IEnumerable<(Direction Direction, Identity Subject, SubjectPolicy Policy)> Subjects =>
        _servers.Select(entry => (Direction.Ingress, entry.Key.Identity, entry.Value))
            .Concat(_clients.Select(entry => (Direction.Egress, entry.Key.Identity, entry.Value)));

    private ConcurrentDictionary<IdentityKey, SubjectPolicy> Of(Direction direction) =>
        direction == Direction.Ingress ? _servers : _clients;

    private void MakeRoom(int added)
    {
        if (Interlocked.Add(ref _count, added) <= capacity)
            return;

        _servers.Clear();
        _clients.Clear();
        Volatile.Write(ref _count, added);
    }
}
