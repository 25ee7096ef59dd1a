using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests;

/// <summary>The published vectors: Cilium's answers for the part of the language that is read.</summary>
public sealed class PolicyVectorTests
{
    private const string EmpireL4 = "[{fromEndpoints: [{matchLabels: {org: empire}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]";
    private const string TieL4 = "[{fromEndpoints: [{matchLabels: {class: tiefighter}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]";
    private const string AllianceL4 = "[{fromEndpoints: [{matchLabels: {org: alliance}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]";
    private const string AnyoneL4 = "[{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]";
    private const string AnyonePort0 = "[{toPorts: [{ports: [{port: '0', protocol: TCP}]}]}]";
    private const string EmpireL3 = "[{fromEndpoints: [{matchLabels: {org: empire}}]}]";
    private const string EmpirePort0 = "[{fromEndpoints: [{matchLabels: {org: empire}}], toPorts: [{ports: [{port: '0'}]}]}]";
    private const string AnyoneHttp = "[{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: PUT}]}}]}]";

    [Theory]
    [InlineData("02", "", "tie", 80, "POST /v1/request-landing", "pass")]
    [InlineData("03", "", "tie", 80, "PUT /v1/exhaust-port", "403")]
    [InlineData("04", "", "tie", 80, "POST /v1/request-landing?a=1", "403")]
    [InlineData("05", "", "tie", 80, "POST /v1/request-landing/", "403")]
    [InlineData("06", "", "tie", 80, "post /v1/request-landing", "403")]
    [InlineData("07", "", "xw", 80, "POST /v1/request-landing", "drop")]
    [InlineData("08", "", "tie", 81, "POST /v1/request-landing", "drop")]
    [InlineData("09", "", "ds", 80, "POST /v1/request-landing", "pass")]
    [InlineData("09b", "", "ds", 80, "GET /", "403")]
    [InlineData("10", "", "host", 80, "GET /", "pass")]
    [InlineData("11", EmpireL4, "tie", 80, "PUT /", "pass")]
    [InlineData("12", TieL4, "tie", 80, "PUT /", "pass")]
    [InlineData("13", AllianceL4, "tie", 80, "PUT /", "403")]
    [InlineData("13b", AllianceL4, "xw", 80, "PUT /", "pass")]
    [InlineData("14", AnyoneL4, "world", 80, "GET /", "pass")]
    [InlineData("14b", AnyoneL4, "tie", 80, "PUT /", "pass")]
    [InlineData("15", EmpireL3, "tie", 80, "PUT /", "pass")]
    [InlineData("15b", EmpireL3, "tie", 81, "PUT /", "pass")]
    [InlineData("16", EmpirePort0, "tie", 80, "PUT /", "pass")]
    [InlineData("16b", AnyonePort0, "tie", 80, "PUT /", "pass")]
    [InlineData("any peer, HTTP rule B: A or B", AnyoneHttp, "tie", 80, "PUT /", "pass")]
    [InlineData("any peer, HTTP rule B: A or B", AnyoneHttp, "tie", 80, "POST /v1/request-landing", "pass")]
    [InlineData("any peer, HTTP rule B: A or B", AnyoneHttp, "tie", 80, "GET /", "403")]
    [InlineData("any peer, HTTP rule B: only B", AnyoneHttp, "xw", 80, "POST /v1/request-landing", "403")]
    public void Star_wars_beside_another_policy(string row, string items, string peer, int port, string request, string expected)
    {
        var snapshot = items.Length == 0 ? Snapshot(StarWars) : Snapshot(StarWars, OnDeathStar(items));
        var (method, target) = (request.Split(' ')[0], request.Split(' ')[1]);

        Assert.True(expected == snapshot.Ask(Named(peer), (ushort)port).Request(method, target), row);
    }

    [Fact]
    public void Row_1_without_policies_everything_passes()
    {
        var verdict = PolicySnapshot.Empty.Ask(XWing);

        Assert.Equal((true, VerdictReason.NotIsolated, false), (verdict.IsAllowed, verdict.Reason, verdict.IsIsolated));
        Assert.Equal("pass", verdict.Request("GET", "/"));
    }

    [Theory]
    [InlineData("19", "[{}]", "tie", false)]
    [InlineData("20", "[{fromEndpoints: []}]", "tie", false)]
    [InlineData("20b", "[{fromEndpoints: [], toPorts: [{ports: [{port: '80'}]}]}]", "tie", false)]
    [InlineData("21", "[{fromEndpoints: [{}]}]", "tie", true)]
    [InlineData("21b", "[{fromEndpoints: [{}]}]", "elsewhere", false)]
    [InlineData("21c", "[{fromEndpoints: [{}]}]", "world", false)]
    [InlineData("21d", "[{fromEndpoints: [{}]}]", "remote-node", false)]
    [InlineData("only ports: any peer", "[{toPorts: [{ports: [{port: '80'}]}]}]", "world", true)]
    [InlineData("only ports: other namespaces", "[{toPorts: [{ports: [{port: '80'}]}]}]", "elsewhere", true)]
    [InlineData("null peers and ports: any peer", "[{fromEndpoints: null, toPorts: [{ports: [{port: '80'}]}]}]", "world", true)]
    [InlineData("null peers alone: {}", "[{fromEndpoints: null}]", "tie", false)]
    [InlineData("no port", "[{fromEndpoints: [{}], toPorts: [{ports: []}]}]", "tie", false)]
    [InlineData("no port, any peer", "[{toPorts: [{ports: []}]}]", "tie", false)]
    [InlineData("no port and one port", "[{fromEndpoints: [{}], toPorts: [{ports: []}, {ports: [{port: '80'}]}]}]", "tie", true)]
    [InlineData("empty toPorts: every port", "[{fromEndpoints: [{}], toPorts: []}]", "tie", true)]
    [InlineData("empty toPorts alone: {}", "[{toPorts: []}]", "tie", false)]
    [InlineData("authentication alone: {}", "[{authentication: {mode: required}}]", "tie", false)]
    public void Absent_empty_and_braces_differ(string row, string items, string peer, bool isAllowed)
    {
        var verdict = Snapshot(OnDeathStar(items)).Ask(Named(peer));

        Assert.True(isAllowed == verdict.IsAllowed, row);
        Assert.True(verdict.IsIsolated, row);
        Assert.True(verdict.Reason == (isAllowed ? VerdictReason.Allowed : VerdictReason.DefaultDeny), row);
    }

    [Theory]
    [InlineData("23", "[]", false)]
    [InlineData("24", "[{}]", true)]
    public void Empty_HTTP_rules(string row, string http, bool isGated)
    {
        var items = $"[{{fromEndpoints: [{{}}], toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{http: {http}}}}}]}}]";
        var verdict = Snapshot(OnDeathStar(items)).Ask(TieFighter);

        Assert.True(isGated == verdict.Http is not null, row);
        Assert.Equal("pass", verdict.Request("PUT", "/"));
    }

    [Fact]
    public void Rows_25_to_27_authentication_comes_before_HTTP()
    {
        var snapshot = Snapshot(StarWarsRequired);
        var good = snapshot.Ask(TieFighter, authentication: PeerAuthentication.Authenticated);
        var plain = snapshot.Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated);
        var open = snapshot.Ask(TieFighter);

        Assert.Equal("pass", good.Request("POST", "/v1/request-landing"));
        Assert.Equal("403", good.Request("PUT", "/"));
        Assert.Equal((false, VerdictReason.AuthenticationRequired), (plain.IsAllowed, plain.Reason));
        Assert.Equal((true, AuthenticationMode.Required), (open.IsAllowed, open.Authentication));
        Assert.Equal((AuthenticationMode.Required, PolicyMatch.L3L4), (good.Authentication, plain.Match));
        Assert.Equal(["spec.ingress[0]"], plain.Rules.Select(rule => rule.RulePath));
    }

    [Theory]
    [InlineData("28", EmpireL4)]
    [InlineData("29: required wins over disabled", "[{fromEndpoints: [{matchLabels: {org: empire}}], authentication: {mode: disabled}, toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]")]
    public void A_demand_holds_for_every_rule_that_covers_the_connection(string row, string items)
    {
        var snapshot = Snapshot(StarWarsRequired, OnDeathStar(items));
        var plain = snapshot.Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated);
        var good = snapshot.Ask(TieFighter, authentication: PeerAuthentication.Authenticated);

        Assert.True(plain.Reason == VerdictReason.AuthenticationRequired, row);
        Assert.True(good.Request("PUT", "/") == "pass", row);
    }

    [Fact]
    public void Row_29_two_demands_of_one_selector_and_port_are_reported()
    {
        var disabled = "[{fromEndpoints: [{matchLabels: {org: empire}}], authentication: {mode: disabled}, toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]";
        var subject = "{matchLabels: {org: empire, class: deathstar}}";
        var other = OnDeathStar(disabled).Replace("{matchLabels: {class: deathstar}}", subject, StringComparison.Ordinal);

        var conflict = Assert.Single(Snapshot(StarWarsRequired, other).Conflicts);
        Assert.Equal(["p", "sw"], conflict.Rules.Select(rule => rule.Name).Order());
        Assert.Empty(Snapshot(StarWarsRequired, OnDeathStar(EmpireL4)).Conflicts);
    }

    [Theory]
    [InlineData("36", "[{fromEndpoints: [{matchExpressions: [{key: org, operator: in, values: [empire]}]}]}]")]
    [InlineData("37", "[{toPorts: [{ports: [{port: '80', protocol: UDP}], rules: {http: [{}]}}]}]")]
    [InlineData("38", "[{fromEndpoints: [{}], fromEntities: [all]}]")]
    [InlineData("39", "[{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {HTTP: [{method: POST}]}}]}]")]
    public void Refused_rows_open_nothing(string row, string items)
    {
        var document = Assert.Single(Parse(OnDeathStar(items)));

        Assert.True(document.IsRefused, row);
        Assert.True(PolicySnapshot.Compile([document]).Ask(TieFighter).Reason == VerdictReason.DocumentRefused, row);
    }

    [Fact]
    public void Row_30_a_wider_demand_reaches_a_narrower_HTTP_rule()
    {
        var wide = "[{fromEndpoints: [{matchLabels: {org: empire}}], authentication: {mode: required}}]";
        var verdict = Snapshot(StarWars, OnDeathStar(wide)).Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated);

        Assert.Equal(VerdictReason.AuthenticationRequired, verdict.Reason);
    }

    [Theory]
    [InlineData("world")]
    [InlineData("remote-node")]
    public void Row_31_what_is_no_workload_cannot_authenticate(string peer)
    {
        var snapshot = Snapshot(OnDeathStar("[{authentication: {mode: required}, toPorts: [{ports: [{port: '80'}]}]}]"));

        foreach (var authentication in Enum.GetValues<PeerAuthentication>())
            Assert.Equal(VerdictReason.AuthenticationRequired, snapshot.Ask(Named(peer), 80, authentication).Reason);
    }

    [Fact]
    public void Test_always_fail_refuses_the_authenticated_too()
    {
        var snapshot = Snapshot(OnDeathStar("[{authentication: {mode: test-always-fail}, fromEndpoints: [{}]}]"));

        foreach (var authentication in Enum.GetValues<PeerAuthentication>())
            Assert.Equal(VerdictReason.AlwaysFails, snapshot.Ask(TieFighter, 80, authentication).Reason);
    }
}
