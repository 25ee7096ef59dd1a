using System.Globalization;
using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

public sealed class ExplanationTests
{
    private static readonly string[] Peers = ["any", "nobody", "empire", "tie", "alliance", "pods", "everything", "world", "notalliance", "cidr:10.0.0.0/8-10.96.0.0/12"];
    private static readonly string[] Ports = ["*", "80", "80-90", "0", "udp0", "web", "81,udp53"];
    private static readonly string[] Ends = ["", "", "", " required", " disabled", " fail", " http:POST", " http:POST http:PUT required"];
    private static readonly string[] Starts = ["", "", "", "open ", "audit ", "on:tie ", "egress ", "closed "];
    private static readonly string[] Asked = ["tie", "xw", "ds", "elsewhere", "world", "host", "remote-node", "unknown"];
    private static readonly NamedPorts Names = new([("web", TransportProtocol.Tcp, 80)]);

    [Fact]
    public void Each_rule_is_told_with_the_field_that_did_not_fit()
    {
        var snapshot = Draft.Snapshot("empire 81; alliance 80; empire udp80; tie 80 http:POST http:GET", "on:tie any *", "egress any *");
        var explanation = snapshot.Explain(Facts(TieFighter), new RequestFacts("GET"u8, "/"u8, "h"u8));

        Assert.Equal(
            [
                "p0 spec Isolate ",
                "p0 spec.ingress[0] Allow Port",
                "p0 spec.ingress[1] Allow Peer",
                "p0 spec.ingress[2] Allow Protocol",
                "p0 spec.ingress[3] Allow ",
                "p0 spec.ingress[3].toPorts[0].rules.http[0] AllowRequest Method",
                "p0 spec.ingress[3].toPorts[0].rules.http[1] AllowRequest ",
                "p1 spec Isolate Subject",
            ],
            explanation.Rules.Select(rule => $"{rule.Rule.Name} {rule.Rule.RulePath} {rule.Effect} {rule.Missed}"));
        Assert.True(explanation.Request?.IsAllowed);
        Assert.All(explanation.Rules, rule => Assert.NotEmpty(rule.Why));
    }

    [Fact]
    public void A_demand_that_is_not_met_is_the_field()
    {
        var explanation = Draft.Snapshot("tie 80 required; empire 80").Explain(Facts(TieFighter));

        Assert.Equal([null, RuleField.Authentication, null], explanation.Rules.Select(rule => rule.Missed));
        Assert.Contains("demands authentication", explanation.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.7 lies in none of its ranges")]
    [InlineData("", "which ranges the peer lies in is not known without its address")]
    public void Ranges_are_compared_with_an_address(string address, string why)
    {
        var facts = Facts(Identity.World) with { PeerAddress = Address.TryParse(address, out var parsed) ? parsed : default };
        var explanation = Draft.Snapshot("cidr:192.0.2.0/24 80").Explain(facts);

        Assert.Equal(why, explanation.Rules.Single(rule => rule.Effect == RuleEffect.Allow).Why);
    }

    [Fact]
    public void An_explanation_agrees_with_the_verdict_whatever_is_drawn()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var draw = 0; draw < 1500; draw++)
        {
            var lines = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Line(random)).ToArray();
            var facts = Facts(Named(random.GetItems(Asked, 1)[0]), (ushort)random.Next(79, 83), random.Next(2) == 0 ? Direction.Ingress : Direction.Egress, (PeerAuthentication)random.Next(3));
            var explanation = Draft.Snapshot(lines).Explain(facts, new RequestFacts("PUT"u8, "/"u8, "h"u8));
            var fault = Compare(explanation, Draft.Snapshot(lines).Decide(facts));
            Assert.True(fault is null, string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {fault}: {string.Join(" | ", lines)}: {facts}"));
        }
    }

    private static string? Compare(PolicyExplanation explanation, Verdict verdict)
    {
        if (explanation.Verdict.Reason != verdict.Reason || explanation.Verdict.Authentication != verdict.Authentication)
            return "another verdict";

        var applying = explanation.Rules.Where(rule => rule is { Applies: true, IsAudit: false }).ToArray();
        RuleReference[] Of(RuleEffect effect) => [.. applying.Where(rule => rule.Effect == effect).Select(rule => rule.Rule).Distinct()];
        var isRight = verdict.Reason switch
        {
            VerdictReason.Allowed when verdict.Rules.Count == 0 => true,
            VerdictReason.Allowed => Of(RuleEffect.Allow).SequenceEqual(verdict.Rules) && Of(RuleEffect.Deny).Length == 0 && Of(RuleEffect.Close).Length == 0,
            VerdictReason.NotIsolated => Of(RuleEffect.Isolate).Length == 0 && Of(RuleEffect.Allow).Length == 0 && Of(RuleEffect.Deny).Length == 0,
            VerdictReason.DefaultDeny => Of(RuleEffect.Isolate).Length > 0 && Of(RuleEffect.Allow).Length == 0 && Of(RuleEffect.Deny).Length == 0,
            VerdictReason.Denied => Of(RuleEffect.Deny).SequenceEqual(verdict.Rules),
            VerdictReason.DocumentRefused => Of(RuleEffect.Close).SequenceEqual(verdict.Rules),
            _ => explanation.Rules.Any(rule => rule.Missed == RuleField.Authentication) && Of(RuleEffect.Deny).Length == 0,
        };
        if (!isRight)
            return $"rules that do not explain {verdict.Reason}";

        return explanation.Request is { } request && verdict.Audit is null && request.IsAllowed != (Of(RuleEffect.AllowRequest).Length > 0)
            ? "another answer for the request"
            : null;
    }

    private static string Line(Random random) =>
        random.GetItems(Starts, 1)[0] + string.Join("; ", Enumerable.Range(0, random.Next(0, 4)).Select(_ => Rule(random)));

    private static string Rule(Random random)
    {
        var isDeny = random.Next(6) == 0;
        var rule = $"{random.GetItems(Peers, 1)[0]} {random.GetItems(Ports, 1)[0]}";
        return isDeny ? $"deny {rule}" : rule + random.GetItems(Ends, 1)[0];
    }

    private static ConnectionFacts Facts(
        Identity peer, ushort port = 80, Direction direction = Direction.Ingress, PeerAuthentication authentication = PeerAuthentication.Unauthenticated)
    {
        Assert.True(Address.TryParse("10.1.2.3", out var address));
        return new ConnectionFacts(direction, DeathStar, peer, TransportProtocol.Tcp, port, authentication) { PeerAddress = address, ServerPorts = Names };
    }
}
