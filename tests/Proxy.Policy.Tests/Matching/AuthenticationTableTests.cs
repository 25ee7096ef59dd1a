using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

/// <summary>What rules demand together, row by row of Cilium's table, and where we demand more than it.</summary>
public sealed class AuthenticationTableTests
{
    [Theory]
    [InlineData("silent", "tie 80", AuthenticationMode.None)]
    [InlineData("disabled alone", "tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("same selector and port, one silent", "tie 80 required|tie 80", AuthenticationMode.Required)]
    [InlineData("an HTTP rule with, a plain one without", "tie 80 required http:POST|tie 80", AuthenticationMode.Required)]
    [InlineData("same selector and port, two modes: the stronger", "tie 80 required|tie 80 disabled", AuthenticationMode.Required)]
    [InlineData("same selector and port, two modes: the strongest", "tie 80 required|tie 80 fail", AuthenticationMode.TestAlwaysFail)]
    [InlineData("different selectors: the stronger", "tie 80 disabled|empire 80 required", AuthenticationMode.Required)]
    [InlineData("different selectors: the strongest", "tie 80 fail|empire 80 required|pods 80 disabled", AuthenticationMode.TestAlwaysFail)]
    [InlineData("narrower and silent inherits", "tie * required|tie 80", AuthenticationMode.Required)]
    [InlineData("narrower, silent and HTTP inherits", "tie * required|tie 80 http:POST", AuthenticationMode.Required)]
    [InlineData("narrower and disabled is exempt", "tie * required|tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("of a whole protocol", "tie 0 required|tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("of a range", "tie 80-90 required|tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("a narrower range", "tie 80-90 required|tie 80-85 disabled", AuthenticationMode.Disabled)]
    [InlineData("ranges that only overlap", "tie 80-90 required|tie 70-85 disabled", AuthenticationMode.Required)]
    [InlineData("wider and disabled lifts nothing", "tie * disabled|tie 80 required", AuthenticationMode.Required)]
    [InlineData("any peer required, X silent, both plain", "any 80 required|tie 80", AuthenticationMode.Required)]
    [InlineData("any peer plain required, X silent and HTTP: Cilium's gap", "any 80 required|tie 80 http:POST", AuthenticationMode.Required)]
    [InlineData("any peer HTTP required, X plain silent", "any 80 required http:POST|tie 80", AuthenticationMode.Required)]
    [InlineData("any peer required, X disabled", "any 80 required|tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("entity all is any peer", "everything 80 required|tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("any peer disabled at the port, X required everywhere: Cilium's gap", "any 80 disabled|tie * required", AuthenticationMode.Required)]
    [InlineData("X disabled everywhere, any peer required at the port", "tie * disabled|any 80 required", AuthenticationMode.Required)]
    [InlineData("test-always-fail is lifted too", "tie * fail|tie 80 disabled", AuthenticationMode.Disabled)]
    [InlineData("one demand of two is lifted", "any * required|tie 80 disabled|empire 80 fail", AuthenticationMode.TestAlwaysFail)]
    [InlineData("a demand of others", "alliance 80 required|tie 80", AuthenticationMode.None)]
    [InlineData("a demand at another port", "tie 81 required|tie 80", AuthenticationMode.None)]
    [InlineData("who isolates nobody demands too", "open tie 80 required", AuthenticationMode.Required)]
    public void Demands_of_several_rules(string row, string policies, AuthenticationMode expected)
    {
        var snapshot = Draft.Snapshot(policies.Split('|'));

        Assert.True(expected == snapshot.Ask(TieFighter).Authentication, row);
        Assert.True(snapshot.Ask(TieFighter, authentication: PeerAuthentication.Authenticated).IsAllowed == expected < AuthenticationMode.TestAlwaysFail, row);
        Assert.True(snapshot.Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated).IsAllowed == expected < AuthenticationMode.Required, row);
    }

    [Theory]
    [InlineData("deny wins and is never authenticated", "tie 80 required|deny tie 80", "tie", VerdictReason.Denied)]
    [InlineData("the world cannot authenticate", "world 80 required", "world", VerdictReason.AuthenticationRequired)]
    [InlineData("nor can other nodes", "remote-node 80 required", "remote-node", VerdictReason.AuthenticationRequired)]
    [InlineData("nor the unknown", "any 80 required", "unknown", VerdictReason.AuthenticationRequired)]
    [InlineData("the own node need not", "any * required", "host", VerdictReason.Allowed)]
    public void Who_is_never_authenticated(string row, string policies, string peer, VerdictReason reason)
    {
        var snapshot = Draft.Snapshot(policies.Split('|'));

        foreach (var authentication in Enum.GetValues<PeerAuthentication>())
            Assert.True(reason == snapshot.Ask(Named(peer), 80, authentication).Reason, row);
    }

    [Fact]
    public void Egress_demands_are_asked_of_the_client_s_side()
    {
        var snapshot = Draft.Snapshot("egress tie 80 required");

        Assert.Equal(AuthenticationMode.Required, snapshot.Ask(TieFighter, direction: Direction.Egress).Authentication);
        Assert.Equal(VerdictReason.AuthenticationRequired,
            snapshot.Ask(TieFighter, 80, PeerAuthentication.Unauthenticated, direction: Direction.Egress).Reason);
    }

    [Fact]
    public void The_rules_whose_demand_is_not_met_are_named()
    {
        var verdict = Draft.Snapshot("tie 80", "empire 80 required", "pods 80 disabled").Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated);

        Assert.Equal(["p1"], verdict.Rules.Select(rule => rule.Name));
        Assert.Equal(PolicyMatch.L3L4, verdict.Match);
    }

    [Fact]
    public void A_rule_whose_demand_is_lifted_is_not_named()
    {
        var verdict = Draft.Snapshot("any 80 disabled", "pods * required", "any 79-81 required").Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated);

        Assert.Equal(VerdictReason.AuthenticationRequired, verdict.Reason);
        Assert.Equal(["p1"], verdict.Rules.Select(rule => rule.Name));
    }
}
