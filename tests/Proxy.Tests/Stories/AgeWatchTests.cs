using Microsoft.Extensions.Time.Testing;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Telemetry;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>Somebody looks at the clock.</summary>
public sealed class AgeWatchTests
{
    [Fact]
    public async Task What_is_over_is_cut_without_any_other_news()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var worker = new TestWorker(time);
        var limits = new ConnectionLimits { AgePastExpiry = TimeSpan.FromMinutes(1) };
        var seat = new ConnectionSeat(worker.Worker, 1, new MeshState(), ThisNode, limits, new FlowRing(ThisNode, time), time);
        var connection = new LiveConnection(new Parties(
            new Party(new Endpoint(AddressOf(Stage.ClientAddress), 40000), Stage.Client()), new Party(new Endpoint(AddressOf(Stage.ServerAddress), Port), null), null));
        await worker.DoAsync(() =>
        {
            seat.Table.Register(connection);
            seat.Authenticate(connection, new ConnectionProof(TestPki.ClientId, TestPki.ServerId, true, false) { ExpiresAt = time.GetUtcNow().AddMinutes(1) });
        });
        using var stop = new CancellationTokenSource();
        var watching = AgeWatch.RunAsync([seat], time, stop.Token);

        time.Advance(TimeSpan.FromMinutes(2) - TimeSpan.FromSeconds(1));
        await worker.SettleAsync();
        Assert.Null(await worker.AskAsync(() => connection.CutReason));
        for (var left = 10_000; left > 0 && await worker.AskAsync(() => connection.CutReason) is null; left--)
            time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal(OutcomeReason.SvidOutlived, connection.CutReason);
        await stop.CancelAsync();
        await watching;
    }
}
