using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

/// <summary>Who is isolated, which rule wins, and what an HTTP rule is worth beside others: Cilium's answers, row by row.</summary>
public sealed class UnionTableTests
{
    [Theory]
    [InlineData("no peers, ports: anyone", "any 80", "tie elsewhere world remote-node unknown")]
    [InlineData("empty list of peers: nobody", "nobody *", "")]
    [InlineData("own namespace", "pods *", "tie xw")]
    [InlineData("entity all", "everything *", "tie xw elsewhere world remote-node")]
    [InlineData("world", "world *", "world")]
    [InlineData("remote nodes", "remote-node *", "remote-node")]
    [InlineData("NotIn is no claim about the unknown", "notalliance *", "tie elsewhere world remote-node")]
    [InlineData("any of several", "alliance,world *", "xw world")]
    [InlineData("an item with neither: no rule", "", "")]
    public void Absent_empty_and_everything_are_four_different_things(string row, string policy, string expected)
    {
        var snapshot = Draft.Snapshot(policy);
        string[] peers = ["tie", "xw", "elsewhere", "world", "remote-node", "unknown"];
        var wanted = expected == "tie elsewhere world remote-node unknown" ? string.Join(' ', peers) : expected;

        Assert.True(wanted == string.Join(' ', peers.Where(peer => snapshot.Ask(Named(peer)).IsAllowed)), row);
        Assert.True(snapshot.Ask(Identity.Host).IsAllowed, "the own node");
    }

    [Theory]
    [InlineData("no rule", "", "tie", VerdictReason.DefaultDeny)]
    [InlineData("a rule for another port", "empire 81", "tie", VerdictReason.DefaultDeny)]
    [InlineData("deny alone isolates", "deny alliance 80", "tie", VerdictReason.DefaultDeny)]
    [InlineData("deny alone denies", "deny alliance 80", "xw", VerdictReason.Denied)]
    [InlineData("not isolating, no rule covers", "open empire 80", "xw", VerdictReason.NotIsolated)]
    [InlineData("not isolating, covered", "open empire 80", "tie", VerdictReason.Allowed)]
    [InlineData("not isolating, denied", "open deny alliance 80", "xw", VerdictReason.Denied)]
    [InlineData("not isolating, another denied", "open deny alliance 80", "tie", VerdictReason.NotIsolated)]
    [InlineData("beside an isolating one, an exception", "open alliance 80|empire 80", "xw", VerdictReason.Allowed)]
    [InlineData("beside an isolating one, no exception", "open alliance 80|empire 80", "world", VerdictReason.DefaultDeny)]
    [InlineData("closed", "closed|any *", "tie", VerdictReason.DocumentRefused)]
    [InlineData("own node, default deny", "", "host", VerdictReason.Allowed)]
    [InlineData("own node, denied", "deny any *", "host", VerdictReason.Allowed)]
    [InlineData("own node, closed", "closed", "host", VerdictReason.Allowed)]
    public void Who_is_isolated(string row, string policies, string peer, VerdictReason reason) =>
        Assert.True(reason == Draft.Snapshot(policies.Split('|')).Ask(Named(peer)).Reason, row);

    [Fact]
    public void Directions_are_isolated_apart()
    {
        var snapshot = Draft.Snapshot("egress empire 80");

        Assert.Equal(VerdictReason.NotIsolated, snapshot.Ask(XWing).Reason);
        Assert.Equal(VerdictReason.DefaultDeny, snapshot.Ask(XWing, direction: Direction.Egress).Reason);
        Assert.Equal(VerdictReason.Allowed, snapshot.Ask(TieFighter, direction: Direction.Egress).Reason);
        Assert.Equal(VerdictReason.DefaultDeny, snapshot.Ask(Identity.Host, direction: Direction.Egress).Reason);
    }

    [Theory]
    [InlineData("a wide deny beats a narrow allow", "empire 80|deny any *", "tie", 80, false)]
    [InlineData("a narrow deny beats a wide allow", "any *|deny tie 80", "tie", 80, false)]
    [InlineData("other ports stay", "any *|deny tie 80", "tie", 81, true)]
    [InlineData("other peers stay", "any *|deny tie 80", "xw", 80, true)]
    [InlineData("a deny without ports covers all", "any *|deny tie *", "tie", 81, false)]
    [InlineData("a range", "any *|deny tie 80-90", "tie", 90, false)]
    [InlineData("behind the range", "any *|deny tie 80-90", "tie", 91, true)]
    [InlineData("a whole protocol", "any *|deny tie 0", "tie", 4711, false)]
    [InlineData("another protocol", "any *|deny tie udp0", "tie", 80, true)]
    public void Deny_beats_allow_at_any_specificity(string row, string policies, string peer, int port, bool isAllowed)
    {
        var verdict = Draft.Snapshot(policies.Split('|')).Ask(Named(peer), (ushort)port);

        Assert.True(isAllowed == verdict.IsAllowed, row);
        Assert.True(verdict.Reason == (isAllowed ? VerdictReason.Allowed : VerdictReason.Denied), row);
    }

    [Theory]
    [InlineData("nothing else", "", "403", "drop")]
    [InlineData("same selector, no rules", "tie 80", "pass", "drop")]
    [InlineData("another selector that covers X", "empire 80", "pass", "drop")]
    [InlineData("selector X without ports", "tie *", "pass", "drop")]
    [InlineData("any peer, no rules", "any 80", "pass", "pass")]
    [InlineData("any peer, port 0", "any 0", "pass", "pass")]
    [InlineData("selector Y, no rules", "alliance 80", "403", "pass")]
    [InlineData("any peer, HTTP rule B", "any 80 http:PUT", "pass", "pass")]
    [InlineData("any peer, HTTP rule C", "any 80 http:GET", "403", "403")]
    [InlineData("deny X", "deny tie 80", "drop", "drop")]
    [InlineData("a range for X, no rules", "tie 80-90", "pass", "drop")]
    [InlineData("visibility only", "open tie 80 http:POST", "pass", "drop")]
    public void An_HTTP_rule_holds_only_while_no_other_allow_covers_the_peer_and_port(string row, string policy, string x, string y)
    {
        var snapshot = policy.Length == 0 ? Draft.Snapshot("tie 80 http:POST") : Draft.Snapshot("tie 80 http:POST", policy);

        Assert.True(x == snapshot.Ask(TieFighter).Request("PUT", "/"), row);
        Assert.True(y == snapshot.Ask(XWing).Request("PUT", "/"), row);
        Assert.True("pass" == snapshot.Ask(Identity.Host).Request("PUT", "/"), "the own node");
    }

    [Fact]
    public void Rules_that_isolate_nobody_show_requests_and_refuse_none()
    {
        var verdict = Draft.Snapshot("open tie 80 http:POST").Ask(TieFighter);

        Assert.NotNull(verdict.Http);
        Assert.Equal("pass", verdict.Request("PUT", "/"));
        Assert.Null(Draft.Snapshot("open tie 80 http:POST").Ask(XWing).Http);
    }

    [Theory]
    [InlineData("the right peer at another port", "empire 81; alliance 80", "p0 spec.ingress[0] Port")]
    [InlineData("another peer at the right port", "alliance 81; alliance 80", "p0 spec.ingress[1] Peer")]
    [InlineData("another protocol", "empire udp80; alliance 81", "p0 spec.ingress[0] Protocol")]
    [InlineData("neither", "alliance 81", "p0 spec.ingress[0] Peer")]
    [InlineData("nobody allows anything", "", "")]
    public void A_refusal_names_the_rule_that_came_closest(string row, string policy, string expected)
    {
        var nearest = Draft.Snapshot(policy).Ask(TieFighter).Nearest;

        Assert.True(expected == (nearest is null ? "" : $"{nearest.Rule.Name} {nearest.Rule.RulePath} {nearest.Field}"), row);
    }

    [Fact]
    public void Verdicts_carry_the_log_values_of_what_decided()
    {
        var snapshot = Draft.Snapshot("log:one empire 80", "log:two tie 80", "log:three alliance 80", "log:two deny pods 81");

        Assert.Equal(["one", "two"], snapshot.Ask(TieFighter).LogValues);
        Assert.Equal(["three"], snapshot.Ask(XWing).LogValues);
        Assert.Equal(["two"], snapshot.Ask(XWing, 81).LogValues);
        Assert.Equal(["one", "two", "three"], snapshot.Ask(Elsewhere).LogValues);
    }
}
