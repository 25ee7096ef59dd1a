using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests;

/// <summary>The documents of the acceptance scenario, word for word.</summary>
public sealed class StarWarsTests
{
    private static readonly Identity Demo = Pod("default", "demodeployment", ("app", "demodeployment"));
    private static readonly Identity Client1 = Pod("default", "client1", ("app", "client1"));
    private static readonly Identity Client2 = Pod("default", "client2", ("app", "client2"));

    [Theory]
    [InlineData("l3-l4.yaml", "tie", "POST", "/v1/request-landing", "pass")]
    [InlineData("l3-l4.yaml", "xw", "POST", "/v1/request-landing", "drop")]
    [InlineData("l3-l4.yaml", "tie", "PUT", "/v1/exhaust-port", "pass")]
    [InlineData("l7-mutual-auth.yaml", "tie", "POST", "/v1/request-landing", "pass")]
    [InlineData("l7-mutual-auth.yaml", "tie", "PUT", "/v1/exhaust-port", "403")]
    [InlineData("l7-mutual-auth.yaml", "xw", "POST", "/v1/request-landing", "drop")]
    public void Steps_1_to_6(string file, string peer, string method, string path, string expected)
    {
        var verdict = Snapshot(Sample(file)).Ask(Named(peer), authentication: PeerAuthentication.Authenticated);

        Assert.Equal(expected, verdict.Request(method, path));
        Assert.Equal(expected == "drop" ? PolicyMatch.None : PolicyMatch.L3L4, verdict.Match);
    }

    [Fact]
    public void Step_7_the_first_document_alone_denies_client1()
    {
        var first = Sample("demo-clients.yaml").Split("---")[0];
        var verdict = Snapshot(first).Ask(Client1, subject: Demo);

        Assert.Equal(VerdictReason.DefaultDeny, verdict.Reason);
        Assert.Equal([new RuleReference("CiliumNetworkPolicy", "default", "demo1-default-deny", "spec")], verdict.Rules);
    }

    [Fact]
    public void Steps_8_to_10_client2_must_authenticate_and_client1_need_not()
    {
        var snapshot = Snapshot(Sample("demo-clients.yaml"));
        var first = snapshot.Ask(Client1, 80, PeerAuthentication.Unauthenticated, Demo);
        var second = snapshot.Ask(Client2, 80, PeerAuthentication.Authenticated, Demo);
        var withdrawn = snapshot.Ask(Client2, 80, PeerAuthentication.Unauthenticated, Demo);

        Assert.Equal((true, AuthenticationMode.None), (first.IsAllowed, first.Authentication));
        Assert.Equal((true, AuthenticationMode.Required), (second.IsAllowed, second.Authentication));
        Assert.Equal(VerdictReason.AuthenticationRequired, withdrawn.Reason);
        Assert.Equal([new RuleReference("CiliumNetworkPolicy", "default", "demo2-clients", "spec.ingress[1]")], withdrawn.Rules);
    }

    [Fact]
    public void A_request_that_passes_names_its_rule()
    {
        var http = Snapshot(Sample("l7-mutual-auth.yaml")).Ask(TieFighter).Http!;
        var passed = http.Decide(new RequestFacts("POST"u8, "/v1/request-landing"u8, "deathstar"u8));

        Assert.Equal("spec.ingress[0].toPorts[0].rules.http[0]", passed.Rule!.RulePath);
        Assert.Null(http.Decide(new RequestFacts("GET"u8, "/"u8, "deathstar"u8)).Rule);
    }

    private static string Sample(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "star-wars", file));
}
