using BenchmarkDotNet.Attributes;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Linting;

namespace Proxy.Micro;

/// <summary>2,000 policies, made ready for 200 local workloads and the servers they may dial.</summary>
public class CompileBenchmarks
{
    private readonly Town _town = Town.Made;
    private LintScope _scope = new();
    private PolicySnapshot _before = PolicySnapshot.Empty;
    private PolicyDocument[] _changed = [];
    private PolicyDocument[] _clusterwideChanged = [];
    private Identity[] _newPods = [];
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _before = Ready(_town.Documents, null);
        var ids = _town.Identities.ToDictionary(identity => identity, identity => $"spiffe://cluster.local/identity/{identity.Number % 500}");
        _scope = new LintScope { Identities = _town.Identities, IdOf = identity => ids[identity], PodCidrs = [new Cidr(Address.From(System.Net.IPAddress.Parse("10.0.0.0")), 16)] };
        var allowed = _town.AskEverything(_before);
        _changed = _town.WithChanged(0, 81);
        _clusterwideChanged = _town.WithChanged(99, 80);
        _newPods = [.. Enumerable.Range(0, 50_000).Select(i => Town.App(3, 4, Town.Name("v", i + 2)))];
        var after = Ready(_changed, _before);
        Answers.Expect(allowed > 0 && _town.AskEverything(_before) == allowed, "the same answers twice");
        Answers.Expect(_town.AskEverything(after) < allowed, "the changed policy counts");
        Answers.Expect(_town.AskEverything(Ready(_changed, null)) == _town.AskEverything(after), "as from nothing");
    }

    [Benchmark(Description = "from nothing")]
    public PolicySnapshot FromNothing() => Ready(_town.Documents, null);

    [Benchmark(Description = "from nothing, and every pair asked once")]
    public int FromNothingAsked() => _town.AskEverything(Ready(_town.Documents, null));

    [Benchmark(Description = "one policy changed")]
    public PolicySnapshot OnePolicy() => Ready(_changed, _before);

    [Benchmark(Description = "one clusterwide policy changed")]
    public PolicySnapshot OneOfTheCluster() => Ready(_clusterwideChanged, _before);

    /// <summary>Beside the compilation, and never in its way.</summary>
    [Benchmark(Description = "all looked at for what they mean together")]
    public int Lint() => PolicyLint.Find(_town.Documents, PolicyContext.Empty, _scope).Count;

    /// <summary>Its labels are new: as server and client, with everyone it may meet asked once.</summary>
    [Benchmark(Description = "one new pod with new labels, and all its pairs asked")]
    public int OnePod()
    {
        var pod = _newPods[_next++ % _newPods.Length];
        var snapshot = Ready(_town.Documents, _before);
        var allowed = 0;
        foreach (var other in _town.Identities)
        {
            foreach (var direction in (ReadOnlySpan<Direction>)[Direction.Ingress, Direction.Egress])
                allowed += snapshot.Decide(new ConnectionFacts(direction, pod, other, TransportProtocol.Tcp, 80, PeerAuthentication.Authenticated)).IsAllowed ? 1 : 0;
        }

        return allowed;
    }

    private PolicySnapshot Ready(PolicyDocument[] documents, PolicySnapshot? before)
    {
        var snapshot = PolicySnapshot.Compile(documents, PolicyContext.Empty, before);
        _town.Prepare(snapshot);
        return snapshot;
    }
}
