using System.Text;
using BenchmarkDotNet.Attributes;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Micro;

/// <summary>One decision about a request.</summary>
public class RequestBenchmarks
{
    private HttpRuleSet? _literals;
    private HttpRuleSet? _expression;
    private byte[] _target = [];

    /// <summary>Bytes of the path that an expression looks at.</summary>
    [Params(16, 256, 4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _literals = RulesOf(string.Join(", ", Enumerable.Range(0, 5).Select(i => $"{{method: GET, path: /v1/item-{i}}}")) + ", {method: POST, path: /v1/request-landing}");
        _expression = RulesOf("{method: GET, path: '/items/[a-z0-9]+(/.*)?'}");
        _target = Encoding.ASCII.GetBytes("/items/" + new string('x', Length - 7));
        Answers.Expect(Literal().IsAllowed && !LiteralRefused().IsAllowed, "literals");
        Answers.Expect(Expression().IsAllowed, "expression");
        Answers.Expect(!_expression.Decide(new RequestFacts("GET"u8, "/items/"u8, "h"u8)).IsAllowed, "expression, refused");
    }

    [Benchmark(Description = "6 literal rules, the last matches")]
    public RequestVerdict Literal() => _literals!.Decide(new RequestFacts("POST"u8, "/v1/request-landing"u8, "deathstar"u8) { HasSettledTarget = true });

    [Benchmark(Description = "6 literal rules, none matches")]
    public RequestVerdict LiteralRefused() => _literals!.Decide(new RequestFacts("PUT"u8, "/v1/exhaust-port"u8, "deathstar"u8) { HasSettledTarget = true });

    [Benchmark(Description = "a regular expression")]
    public RequestVerdict Expression() => _expression!.Decide(new RequestFacts("GET"u8, _target, "deathstar"u8) { HasSettledTarget = true });

    [Benchmark(Description = "6 literal rules, a target nobody looked at before")]
    public RequestVerdict LiteralUnsettled() => _literals!.Decide(new RequestFacts("POST"u8, "/v1/request-landing"u8, "deathstar"u8));

    private static HttpRuleSet RulesOf(string rules)
    {
        var snapshot = PolicySnapshot.Compile([Town.Parse($$$"""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p, namespace: ns-0}
            spec:
              endpointSelector: {}
              ingress:
              - toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{{{rules}}}]}}]
            """)]);
        return snapshot.Decide(new ConnectionFacts(
            Direction.Ingress, Town.App(0, 0), Identity.World, TransportProtocol.Tcp, 80, PeerAuthentication.Unauthenticated)).Http!;
    }
}
