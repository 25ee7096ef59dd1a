namespace Proxy.Policy.Tests.Reference;

/// <summary>How often each kind of answer was drawn.</summary>
internal sealed class Tally
{
    private static readonly (string Name, int PerMille, Func<Question, Answer, bool> Is)[] Classes =
    [
        ("not isolated", 100, (_, answer) => answer.Outcome == Outcome.NotIsolated),
        ("allowed", 100, (_, answer) => answer.Outcome == Outcome.Allowed),
        ("default deny", 100, (_, answer) => answer.Outcome == Outcome.DefaultDeny),
        ("denied by rule", 50, (_, answer) => answer.Outcome == Outcome.DeniedByRule),
        ("authentication required", 20, (_, answer) => answer.Outcome == Outcome.AuthenticationRequired),
        ("always fails", 3, (_, answer) => answer.Outcome == Outcome.AlwaysFails),
        ("demand met or open", 20, (_, answer) => answer.Outcome == Outcome.Allowed && answer.Demand == Demand.Required),
        ("document refused", 3, (_, answer) => answer.Outcome == Outcome.DocumentRefused),
        ("requests judged", 30, (_, answer) => answer.IsGated),
        ("request refused", 10, (_, answer) => answer.Request == Passage.Refused),
        ("request passed a gate", 10, (_, answer) => answer.IsGated && answer.Request == Passage.Pass),
        ("connection audited", 10, (_, answer) => answer.IsConnectionAudited),
        ("request audited", 1, (_, answer) => answer.IsRequestAudited),
        ("egress", 200, (question, _) => question.Direction == Direction.Egress),
        ("world allowed", 10, (question, answer) => question.Peer.Kind == PeerKind.World && answer.Outcome == Outcome.Allowed),
        ("ICMP allowed", 10, (question, answer) => question.Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6 && answer.Outcome == Outcome.Allowed),
    ];

    private readonly int[] _counts = new int[Classes.Length];

    public int Draws { get; private set; }

    public void Count(Question question, Answer answer)
    {
        Draws++;
        for (var i = 0; i < Classes.Length; i++)
            _counts[i] += Classes[i].Is(question, answer) ? 1 : 0;
    }

    /// <summary>Classes that were drawn too seldom to say anything about them.</summary>
    public IEnumerable<string> TooSeldom =>
        Classes.Where((one, i) => _counts[i] * 1000L < one.PerMille * (long)Draws).Select(one => one.Name);

    public override string ToString() =>
        $"{Draws} draws\n" + string.Join('\n', Classes.Select((one, i) => $"{one.Name}: {_counts[i]}"));
}
