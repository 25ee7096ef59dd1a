using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;

namespace Proxy.Tests.Tunnels;

/// <summary>More connections at once than the server's node gets through within the limit of a handshake.</summary>
public sealed class BurstTests
{
    private const int Connections = 300;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    // A handshake takes two steps of the server's node: all of them three times the limit.
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task On_a_slow_node_a_burst_is_slow_and_not_broken()
    {
        var time = new StepTime();
        using var nodes = new TwoNodes(new ConnectionLimits { Handshake = s_limit }, time: time, workerTime: time);
        var isOver = false;
        await nodes.Far.Worker.DoAsync(Drag);
        var clients = new List<Peer>();
        var stories = new List<Task<ConnectionOutcome>>();
        for (var i = 0; i < Connections; i++)
        {
            var (story, client) = await nodes.ConnectAsync();
            client.Send("ping");
            stories.Add(story);
            clients.Add(client);
        }

        await Patience.OnThread(() => AnswerAll(nodes.Application));
        await Patience.OnThread(() => clients.ForEach(client => client.Expect("pong")));
        await nodes.Far.Worker.DoAsync(() => isOver = true);
        Assert.DoesNotContain(stories, story => story.IsCompleted);
        Assert.Empty(nodes.Near.Worker.Faults);

        // One step in a pass: while steps wait, each pass takes the time of one, however fast this machine is.
        void Drag()
        {
            if (nodes.Far.Worker.Worker.Handshakes.Waiting > 0)
                time.Advance(s_step);
            if (!isOver)
                nodes.Far.Worker.Worker.Defer(Drag);
        }
    }

    [Fact]
    public async Task Whoever_waited_takes_a_tunnel_that_has_come_to_rest_meanwhile()
    {
        using var nodes = new TwoNodes();
        var (former, formerClient, formerServer) = await nodes.BeginAsync();
        var others = await nodes.Near.Worker.RunAsync(() => EnterAllAsync(nodes.Near.Seat.Places, nodes.Address));
        var (story, client) = await nodes.ConnectAsync();
        Assert.Equal(1, await nodes.Near.Worker.AskAsync(() => nodes.Near.Seat.Places.Waiting));
        await TwoNodes.CompleteAsync(former, formerClient, formerServer);
        await nodes.Near.Worker.DoAsync(() => others.ForEach(place => place.Leave(succeeded: false)));

        client.Send("ping");
        var server = await Patience.OnThread(nodes.Application.Accept);
        server.Expect("ping");
        await TwoNodes.CompleteAsync(story, client, server);
        Assert.Equal(1, nodes.Handshakes);
        await nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_server_that_answers_nobody_keeps_nobody_longer_than_the_limit()
    {
        using var stage = new Stage(handshake: s_limit / 2);
        stage.Mesh.Publish(Cast.ClusterOf("", Stage.Client(), Stage.ServerOn(Cast.OtherNode)));
        stage.PublishSvids();
        var pod = stage.Capture(Stage.Client());
        var stories = new List<Task<ConnectionOutcome>>();
        for (var i = 0; i < Connections; i++)
            stories.Add(stage.GoOutAsync((await stage.CaptureAsync(pod)).Captured));
        var outcomes = await Task.WhenAll(stories).Soon();
        Assert.All(outcomes, outcome => Assert.Equal(OutcomeReason.HandshakeTimedOut, outcome.Reason));
        Assert.InRange(CallersOf(stage.Server), 1, Connections / 2);
        await stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Nobody_connects_for_a_client_that_is_gone_while_it_waits()
    {
        using var stage = new Stage();
        stage.Mesh.Publish(Cast.ClusterOf("", Stage.Client(), Stage.ServerOn(Cast.OtherNode)));
        stage.PublishSvids();
        var pod = stage.Capture(Stage.Client());
        var others = new List<Task<ConnectionOutcome>>();
        for (var i = 0; i < HandshakePlaces.AtFirst; i++)
            others.Add(stage.GoOutAsync((await stage.CaptureAsync(pod)).Captured));
        var (captured, client) = await stage.CaptureAsync(pod);
        var story = stage.GoOutAsync(captured);
        Assert.Equal(1, await stage.Worker.AskAsync(() => stage.Seat.Places.Waiting));
        client.Reset();
        Assert.Equal(OutcomeReason.Reset, (await story.Soon()).Reason);
        for (var i = 0; i < HandshakePlaces.AtFirst; i++)
            (await Patience.OnThread(stage.Server.Accept)).Reset();
        await Task.WhenAll(others).Soon();
        Assert.False(stage.Server.HasCaller());
        await stage.AssertNothingHeldAsync();
    }

    private static async ValueTask<List<HandshakePlace>> EnterAllAsync(HandshakePlaces places, Endpoint server)
    {
        var entered = Enumerable.Range(0, HandshakePlaces.AtFirst).Select(_ => places.Of(Cast.AddressOf(Stage.ClientAddress), server)).ToList();
        foreach (var place in entered)
            Assert.Equal(PlaceAnswer.Entered, await place.EnterAsync());
        return entered;
    }

    private static void AnswerAll(Loopback application)
    {
        for (var i = 0; i < Connections; i++)
        {
            var server = application.Accept();
            server.Expect("ping");
            server.Send("pong");
        }
    }

    private static int CallersOf(Loopback server)
    {
        var callers = 0;
        for (; server.HasCaller(); callers++)
            server.Accept();
        return callers;
    }

    /// <summary>The date as it is; time-outs as the test lets time pass.</summary>
    private sealed class StepTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
