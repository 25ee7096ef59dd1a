using System.Diagnostics;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

/// <summary>
/// Guards the order of magnitude: limits are twenty times what perf/Micro measures, and the least of many short rounds
/// counts, so that a busy machine does not matter.
/// </summary>
public sealed class SpeedTests
{
    private const int Calls = 1000;
    private static readonly NamedPorts Names = new([("web", TransportProtocol.Tcp, 8080)]);
    private static readonly PolicyDocument[] Documents = Draft.Documents([.. Enumerable.Range(0, 500).Select(Line)]);
    private static readonly PolicySnapshot Snapshot = PolicySnapshot.Compile(Documents);

    [Theory]
    [InlineData("tie", 80, VerdictReason.Allowed)]
    [InlineData("tie", 8080, VerdictReason.Allowed)]
    [InlineData("xw", 80, VerdictReason.Denied)]
    [InlineData("elsewhere", 4711, VerdictReason.DefaultDeny)]
    [InlineData("world", 443, VerdictReason.Allowed)]
    [InlineData("host", 443, VerdictReason.Allowed)]
    public void A_decision_about_a_connection_allocates_nothing_and_takes_less_than_a_microsecond(string peer, int port, VerdictReason reason)
    {
        var facts = Facts(Named(peer), (ushort)port);
        Assert.Equal(reason, Snapshot.Decide(facts).Reason);

        Check(() => Snapshot.Decide(facts).Reason == reason, TimeSpan.FromMicroseconds(1));
    }

    [Fact]
    public void A_decision_about_a_request_by_literals_allocates_nothing_and_takes_less_than_three_microseconds()
    {
        var rules = Draft.Snapshot("tie 80 http:GET http:HEAD http:PUT http:POST").Ask(TieFighter).Http!;

        Check(() => rules.Decide(new RequestFacts("POST"u8, "/v1/request-landing"u8, "deathstar"u8)).IsAllowed, TimeSpan.FromMicroseconds(3));
        Check(() => !rules.Decide(new RequestFacts("DELETE"u8, "/v1/request-landing"u8, "deathstar"u8)).IsAllowed, TimeSpan.FromMicroseconds(3));
    }

    [Fact]
    public void A_changed_document_costs_a_fraction_of_all_of_them()
    {
        Identity[] subjects = [DeathStar, TieFighter, .. Enumerable.Range(0, 200).Select(i => Pod("default", "sa", ("class", $"c{i}")))];
        Snapshot.Prepare(Direction.Ingress, subjects);
        var changed = Documents.ToArray();
        var least = TimeSpan.MaxValue;
        for (var round = 0; round < 10; round++)
        {
            changed[3] = Draft.Document("on:tie alliance 81", "p3");
            var start = Stopwatch.GetTimestamp();
            PolicySnapshot.Compile(changed, PolicyContext.Empty, Snapshot).Prepare(Direction.Ingress, subjects);
            least = Least(least, Stopwatch.GetElapsedTime(start));
        }

        Assert.InRange(least, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
    }

    private static string Line(int i) => (i % 5) switch
    {
        0 => $"tie {80 + i},web http:GET; deny alliance 80",
        1 => $"on:tie alliance {1000 + i}",
        2 => $"cidr:10.{i % 250}.0.0/16-10.{i % 250}.7.0/24 443",
        3 => "on:tie empire 80 required",
        _ => $"empire {8000 + i}-{8100 + i}; tie 80",
    };

    private static ConnectionFacts Facts(Identity peer, ushort port)
    {
        Assert.True(Address.TryParse("10.7.1.2", out var address));
        return new ConnectionFacts(Direction.Ingress, DeathStar, peer, TransportProtocol.Tcp, port, PeerAuthentication.Unauthenticated) { PeerAddress = address, ServerPorts = Names };
    }

    private static void Check(Func<bool> question, TimeSpan limit)
    {
        var least = TimeSpan.MaxValue;
        var allocated = long.MaxValue;
        for (var round = 0; round < 200; round++)
        {
            var bytes = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Calls; i++)
                Assert.True(question());
            least = Least(least, Stopwatch.GetElapsedTime(start) / Calls);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - bytes);
        }

        Assert.Equal(0, allocated);
        Assert.InRange(least, TimeSpan.Zero, limit);
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
