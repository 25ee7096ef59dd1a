using Microsoft.Extensions.Time.Testing;
using Proxy.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>Tunnels of another node that carry nothing: how many may rest here, and how they are given up.</summary>
public sealed class RestingInboundTests
{
    [Fact]
    public async Task Each_is_asked_once_the_one_that_rests_the_longest_first()
    {
        using var stage = new Stage();
        var peers = await RestAsync(stage, 3);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await stage.Worker.AskAsync(stage.Seat.GiveUpOne));
            // Nobody but the one whose turn it is has anything to read.
            peers[i].Expect(FrameType.Retire, 0);
        }

        Assert.False(await stage.Worker.AskAsync(stage.Seat.GiveUpOne));
        Assert.Equal(3, await CountAsync(stage));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    public async Task Of_more_than_may_rest_the_longest_are_asked_to_retire(int tunnels, int asked)
    {
        using var stage = new Stage(restingInbound: 2);
        var peers = await RestAsync(stage, tunnels);
        for (var i = 0; i < asked; i++)
            peers[i].Expect(FrameType.Retire, 0);
        var notAsked = 0;
        while (await stage.Worker.AskAsync(stage.Seat.GiveUpOne))
            peers[asked + notAsked++].Expect(FrameType.Retire, 0);
        Assert.Equal(tunnels - asked, notAsked);
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(5, 4)]
    [InlineData(7, 4)]
    public async Task Who_does_not_listen_when_asked_has_them_ended(int tunnels, int left)
    {
        // Time stands still: who is asked is given as long as he likes.
        using var stage = new Stage(restingInbound: 1, workerTime: new FakeTimeProvider());
        _ = await RestAsync(stage, tunnels, left);
        Assert.Equal(left, await CountAsync(stage));
    }

    private static async Task<List<FramePeer>> RestAsync(Stage stage, int tunnels, int most = int.MaxValue)
    {
        stage.Mesh.Publish(ClusterOf("", Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        stage.PublishSvids();
        var pod = stage.Capture(Stage.ServerOn(ThisNode));
        List<FramePeer> peers = [];
        List<Task> stories = [];
        for (var i = 0; i < tunnels; i++)
        {
            var (captured, peer) = await stage.CaptureAsync(pod);
            stories.Add(stage.ComeInAsync(captured));
            peers.Add(await FramePeer.DialAsync(peer, stage.Pki));
            if (i >= most)
                await stories[i - most];
            else
                await UntilAsync(stage, i + 1);
        }

        return peers;
    }

    private static async Task UntilAsync(Stage stage, int resting)
    {
        while (await CountAsync(stage) < resting)
            await stage.Worker.SettleAsync();
    }

    private static Task<int> CountAsync(Stage stage) => stage.Worker.AskAsync(() => stage.Seat.RestingInbound.Count);
}
