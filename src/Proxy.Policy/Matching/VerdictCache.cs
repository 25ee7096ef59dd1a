using System.Collections.Concurrent;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>
/// Answers of one snapshot, by subject and question. Full means emptied: an answer costs little to find again, and
/// keeping order would cost every hit.
/// </summary>
internal sealed class VerdictCache(int capacity = VerdictCache.DefaultCapacity)
{
    /// <summary>Subjects and answers together; about 150 bytes each.</summary>
    public const int DefaultCapacity = 1_000_000;

    private readonly ConcurrentDictionary<SubjectQuestion, SubjectPolicy> _subjects = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public SubjectPolicy? FindSubject(Direction direction, Identity subject) =>
        _subjects.GetValueOrDefault(new SubjectQuestion(direction, subject));

    public SubjectPolicy Remember(Direction direction, Identity subject, SubjectPolicy policy)
    {
        MakeRoom();
        return _subjects.GetOrAdd(new SubjectQuestion(direction, subject), policy);
    }

    public static Verdict? FindVerdict(SubjectPolicy subject, in ConnectionFacts facts) =>
        subject.Verdicts.GetValueOrDefault(subject.Shorten(facts));

    public Verdict Remember(SubjectPolicy subject, in ConnectionFacts facts, Verdict verdict)
    {
        MakeRoom();
        return subject.Verdicts.GetOrAdd(subject.Shorten(facts), verdict);
    }

    private void MakeRoom()
    {
        if (Interlocked.Increment(ref _count) <= capacity)
            return;

        _subjects.Clear();
        Volatile.Write(ref _count, 1);
    }
}

/// <summary>Whose policy. Labels count beside the number, since numbers may collide.</summary>
internal readonly record struct SubjectQuestion(Direction Direction, Identity Subject)
{
    public bool Equals(SubjectQuestion other) => Direction == other.Direction && Subject.IsSameAs(other.Subject);

    public override int GetHashCode() => HashCode.Combine((int)Direction, Subject.Number);
}

/// <summary>Who asks for what. Labels count beside the number, since numbers may collide.</summary>
internal readonly record struct PeerQuestion(
    Identity Peer, TransportProtocol Protocol, ushort Port, PeerAuthentication Authentication)
{
    public bool Equals(PeerQuestion other) =>
        Port == other.Port
        && Protocol == other.Protocol
        && Authentication == other.Authentication
        && Peer.IsSameAs(other.Peer);

    public override int GetHashCode() => HashCode.Combine(Peer.Number, (byte)Protocol, Port, (int)Authentication);
}
