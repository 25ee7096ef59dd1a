using BenchmarkDotNet.Attributes;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Micro;

/// <summary>One decision about a connection, asked before, among 2,000 policies.</summary>
public class DecisionBenchmarks
{
    private PolicySnapshot _snapshot = PolicySnapshot.Empty;
    private ConnectionFacts _allowed;
    private ConnectionFacts _denied;
    private ConnectionFacts _otherPort;
    private ConnectionFacts _outside;
    private ConnectionFacts _equalIdentity;

    [GlobalSetup]
    public void Setup()
    {
        var town = Town.Made;
        _snapshot = PolicySnapshot.Compile(town.Documents);
        town.Prepare(_snapshot);
        town.AskEverything(_snapshot);
        var (server, client) = (town.Identities[(3 * Town.Apps) + 4], town.Identities[(3 * Town.Apps) + 5]);
        _allowed = Facts(Direction.Ingress, server, client, 80);
        _denied = Facts(Direction.Ingress, server, town.Identities[(3 * Town.Apps) + 9], 80);
        _otherPort = Facts(Direction.Ingress, server, client, 4711);
        _equalIdentity = Facts(Direction.Ingress, Town.App(3, 4), Town.App(3, 5), 80);
        Answers.Expect(Address.TryParse("10.53.1.1", out var address), "the address");
        _outside = Facts(Direction.Egress, server, Identity.World, 443) with { PeerAddress = address };
        Answers.Expect(_snapshot.Decide(_allowed), VerdictReason.Allowed, "allowed");
        Answers.Expect(_snapshot.Decide(_allowed).Http is not null, "HTTP rules");
        Answers.Expect(_snapshot.Decide(_denied), VerdictReason.Denied, "denied");
        Answers.Expect(_snapshot.Decide(_otherPort), VerdictReason.DefaultDeny, "another port");
        Answers.Expect(_snapshot.Decide(_outside).IsIsolated, "outside");
    }

    [Benchmark(Description = "allowed, with HTTP rules")]
    public Verdict Allowed() => _snapshot.Decide(_allowed);

    [Benchmark(Description = "denied by a rule")]
    public Verdict Denied() => _snapshot.Decide(_denied);

    [Benchmark(Description = "denied by default, another port")]
    public Verdict OtherPort() => _snapshot.Decide(_otherPort);

    [Benchmark(Description = "an address outside the cluster")]
    public Verdict Outside() => _snapshot.Decide(_outside);

    [Benchmark(Description = "allowed, identities read anew")]
    public Verdict EqualIdentity() => _snapshot.Decide(_equalIdentity);

    private static ConnectionFacts Facts(Direction direction, Identity subject, Identity peer, ushort port) =>
        new(direction, subject, peer, TransportProtocol.Tcp, port, PeerAuthentication.Authenticated);
}
