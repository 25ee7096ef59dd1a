namespace Proxy.Policy.Tests.Reference;

/// <summary>How often each kind of answer was drawn.</summary>
internal sealed class Tally
{
    private static readonly (string Name, int PerTenThousand, Func<Question, Answer, bool> Is)[] Classes =
    [
        ("not isolated", 1000, (_, answer) => answer.Outcome == Outcome.NotIsolated),
        ("allowed", 1000, (_, answer) => answer.Outcome == Outcome.Allowed),
        ("default deny", 1000, (_, answer) => answer.Outcome == Outcome.DefaultDeny),
        ("denied by rule", 300, (_, answer) => answer.Outcome == Outcome.DeniedByRule),
        ("authentication required", 150, (_, answer) => answer.Outcome == Outcome.AuthenticationRequired),
        ("always fails", 20, (_, answer) => answer.Outcome == Outcome.AlwaysFails),
        ("demand met or open", 200, (_, answer) => answer.Outcome == Outcome.Allowed && answer.Demand == Demand.Required),
        ("document refused", 30, (_, answer) => answer.Outcome == Outcome.DocumentRefused),
        ("requests judged", 200, (_, answer) => answer.IsGated),
        ("request refused", 100, (_, answer) => answer.Request == Passage.Refused),
        ("request passed a gate", 80, (_, answer) => answer.IsGated && answer.Request == Passage.Pass),
        ("connection audited", 100, (_, answer) => answer.IsConnectionAudited),
        ("request audited", 3, (_, answer) => answer.IsRequestAudited),
        ("egress", 2000, (question, _) => question.Direction == Direction.Egress),
        ("world allowed", 100, (question, answer) => question.Peer.Kind == PeerKind.World && answer.Outcome == Outcome.Allowed),
        ("ICMP allowed", 100, (question, answer) => question.Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6 && answer.Outcome == Outcome.Allowed),
    ];

    private readonly int[] _counts = new int[Classes.Length];

    public int Draws { get; private set; }

    /// <summary>Thread-safe.</summary>
    public void Count(Question question, Answer answer)
    {
        lock (_counts)
        {
            Draws++;
            for (var i = 0; i < Classes.Length; i++)
                _counts[i] += Classes[i].Is(question, answer) ? 1 : 0;
        }
    }

    /// <summary>Classes that were drawn too seldom to say anything about them.</summary>
    public IEnumerable<string> TooSeldom =>
        Classes.Where((one, i) => _counts[i] * 10_000L < one.PerTenThousand * (long)Draws).Select(one => one.Name);

    public override string ToString() =>
        $"{Draws} draws\n" + string.Join('\n', Classes.Select((one, i) => $"{one.Name}: {_counts[i]}"));
}
