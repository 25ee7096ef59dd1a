using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>Connections that neither end ends, where the operator has said how long that may go on.</summary>
public sealed class SilentConnectionTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Fact]
    [Produces(OutcomeReason.IdleTimedOut)]
    public async Task One_on_which_nothing_moves_is_reset()
    {
        using var stage = new Stage(relay: new RelayLimits { Idle = Short });
        var (story, client, server) = await BeginAsync(stage);
        Assert.Equal(OutcomeReason.IdleTimedOut, (await story).Reason);
        client.ExpectReset();
        server.ExpectReset();
        await stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.HalfOpenTimedOut)]
    public async Task One_whose_other_end_does_not_follow_is_reset()
    {
        using var stage = new Stage(relay: new RelayLimits { HalfOpen = Short });
        var (story, client, _) = await BeginAsync(stage);
        client.End();
        Assert.Equal(OutcomeReason.HalfOpenTimedOut, (await story).Reason);
        client.ExpectReset();
        await stage.AssertNothingHeldAsync();
    }

    private static async Task<(Task<ConnectionOutcome> Story, Peer Client, Peer Server)> BeginAsync(Stage stage)
    {
        stage.Mesh.Publish(ClusterOf("", Stage.Client(), Stage.ServerOn(OtherNode, mode: EnrolmentMode.Disabled)));
        var (captured, client) = await stage.CaptureAsync(stage.Capture(Stage.Client()));
        var story = stage.GoOutAsync(captured);
        return (story, client, await Patience.OnThread(stage.Server.Accept));
    }
}
