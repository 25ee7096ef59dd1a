using Proxy.Policy.Labels;
using Proxy.Policy.Matching;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests;

public sealed class PolicySnapshotTests
{
    private const string Mixed = "[{fromEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET, path: '/a/[0-9]+'}, {method: POST, path: /b}]}}]}]";

    [Fact]
    public void An_answer_given_before_allocates_nothing()
    {
        var snapshot = Snapshot(StarWarsRequired, OnDeathStar(Mixed));
        Measure(() => snapshot.Ask(TieFighter, 80, PeerAuthentication.Authenticated).IsAllowed);
        Measure(() => !snapshot.Ask(XWing, 4711).IsAllowed);
    }

    [Fact]
    public void Judging_a_request_allocates_nothing()
    {
        var http = Snapshot(OnDeathStar(Mixed)).Ask(TieFighter).Http!;
        Measure(() => http.Decide(new RequestFacts("GET"u8, "/a/12345"u8, "h"u8)).IsAllowed);
        Measure(() => http.Decide(new RequestFacts("POST"u8, "/b"u8, "h"u8)).IsAllowed);
        Measure(() => !http.Decide(new RequestFacts("GET"u8, "/a/x"u8, "h"u8)).IsAllowed);
    }

    [Theory]
    [InlineData("[{fromEndpoints: [{}]}]", PolicyMatch.L3Only)]
    [InlineData("[{fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]}]", PolicyMatch.L3L4)]
    [InlineData("[{toPorts: [{ports: [{port: '80'}]}]}]", PolicyMatch.L4Only)]
    [InlineData("[{fromEndpoints: [{}], toPorts: [{ports: [{port: '0'}]}]}]", PolicyMatch.L3Proto)]
    [InlineData("[{toPorts: [{ports: [{port: '0'}]}]}]", PolicyMatch.ProtoOnly)]
    [InlineData("[{fromEndpoints: [{}]}, {toPorts: [{ports: [{port: '80'}]}]}]", PolicyMatch.L4Only)]
    [InlineData("[{toPorts: [{ports: [{port: '0'}, {port: '80'}]}]}, {fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]}]", PolicyMatch.L3L4)]
    [InlineData("[{}]", PolicyMatch.None)]
    public void The_most_specific_covering_rule_gives_the_match(string items, PolicyMatch match) =>
        Assert.Equal(match, Snapshot(OnDeathStar(items)).Ask(TieFighter).Match);

    [Theory]
    [InlineData("TCP", "Tcp")]
    [InlineData("udp", "Udp")]
    [InlineData("SCTP", "Sctp")]
    [InlineData("ANY", "Tcp Udp Sctp")]
    [InlineData("''", "Tcp Udp Sctp")]
    public void Protocols(string written, string expected)
    {
        var snapshot = Snapshot(OnDeathStar($"[{{toPorts: [{{ports: [{{port: '80', protocol: {written}}}]}}]}}]"));
        var allowed = Enum.GetValues<TransportProtocol>().Where(protocol => snapshot.Ask(TieFighter, protocol: protocol).IsAllowed);

        Assert.Equal(expected, string.Join(' ', allowed));
    }

    [Fact]
    public void Rules_of_all_documents_that_allow_are_named()
    {
        var items = "[{}, {fromEndpoints: [{}]}, {toPorts: [{ports: [{port: '80'}]}, {ports: [{port: '80'}]}]}]";
        var rules = Snapshot(StarWars, OnDeathStar(items, "q")).Ask(TieFighter).Rules;

        Assert.Equal(["sw spec.ingress[0]", "q spec.ingress[1]", "q spec.ingress[2]"], rules.Select(rule => $"{rule.Name} {rule.RulePath}"));
    }

    [Fact]
    public void Two_identities_with_one_number_get_their_own_answers()
    {
        var snapshot = Snapshot(OnDeathStar("[{fromEndpoints: [{matchLabels: {org: empire}}]}]"));
        var impostor = new Identity(TieFighter.Number, XWing.Labels);
        var bystander = new Identity(DeathStar.Number, XWing.Labels);

        Assert.True(snapshot.Ask(TieFighter).IsAllowed);
        Assert.False(snapshot.Ask(impostor).IsAllowed);
        Assert.False(snapshot.Ask(TieFighter, subject: bystander).IsIsolated);
    }

    [Fact]
    public void Equal_identities_share_an_answer_and_unnamed_ports_share_one()
    {
        var snapshot = Snapshot(StarWars);
        var twin = new Identity(TieFighter.Number, Pod("default", "tiefighter", ("class", "tiefighter"), ("org", "empire")).Labels);

        Assert.Same(snapshot.Ask(TieFighter), snapshot.Ask(twin));
        Assert.Same(snapshot.Ask(XWing, 1), snapshot.Ask(XWing, 65535));
        Assert.NotSame(snapshot.Ask(TieFighter, 80), snapshot.Ask(TieFighter, 81));
    }

    [Fact]
    public void The_memory_of_answers_is_bounded()
    {
        var cache = new VerdictCache(capacity: 100);
        for (var i = 0; i < 1000; i++)
        {
            var facts = new ConnectionFacts(Direction.Ingress, new Identity((uint)(1000 + i / 2), LabelSet.Empty), TieFighter, TransportProtocol.Tcp, 80, default);
            var subject = cache.Find(facts.Direction, facts.Subject) ?? cache.Remember(facts.Direction, facts.Subject, new SubjectPolicy(facts.Direction, []));
            cache.Decide(subject, facts);
            Assert.InRange(cache.Count, 1, 101);
        }
    }

    [Fact]
    public async Task Many_threads_get_the_same_answers()
    {
        var snapshot = Snapshot(StarWarsRequired, OnDeathStar(Mixed));
        await Parallel.ForAsync(0, 8, (_, _) =>
        {
            for (var port = 0; port < 20_000; port++)
                Assert.Equal(port == 80, snapshot.Ask(TieFighter, (ushort)port).IsAllowed);
            return ValueTask.CompletedTask;
        });
    }

    [Fact]
    public void Egress_is_open_while_no_document_governs_it() =>
        Assert.Equal(VerdictReason.NotIsolated, Snapshot(StarWars).Ask(TieFighter, direction: Direction.Egress).Reason);

    private static void Measure(Func<bool> question)
    {
        for (var i = 0; i < 100; i++)
            Assert.True(question());

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            question();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
