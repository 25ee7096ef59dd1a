using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Proxy.Commands.Observe;
using Proxy.Policy;
using Proxy.Telemetry;
using Proxy.Telemetry.Protos;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Telemetry;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ObserverServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Status_tells_what_the_ring_holds()
    {
        await using var daemon = await ObserverDaemon.StartAsync(capacity: 3);
        WriteDrops(daemon.Ring, 5);
        using var client = new ObserverClient(daemon.Server);
        var status = await client.Stub.ServerStatusAsync(new ServerStatusRequest(), cancellationToken: Cancel);
        Assert.Equal((3UL, 3UL, 5UL, "1.2.3"), (status.NumFlows, status.MaxFlows, status.SeenFlows, status.Version));
    }

    [Fact]
    public async Task Namespaces_are_those_of_recent_flows()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        WriteDrops(daemon.Ring, 2);
        using var client = new ObserverClient(daemon.Server);
        var answer = await client.Stub.GetNamespacesAsync(new GetNamespacesRequest(), cancellationToken: Cancel);
        Assert.Equal(new Namespace { Cluster = "default", Namespace_ = "default" }, Assert.Single(answer.Namespaces));
    }

    [Fact]
    public async Task Nodes_are_a_relays_matter()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        using var client = new ObserverClient(daemon.Server);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await client.Stub.GetNodesAsync(new GetNodesRequest(), cancellationToken: Cancel));
        Assert.Equal(StatusCode.Unimplemented, refusal.StatusCode);
    }

    [Fact]
    public async Task Health_answers_to_Hubbles_name()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        using var client = new ObserverClient(daemon.Server);
        var answer = await client.Health.CheckAsync(new HealthCheckRequest { Service = "hubble.server.Observer" }, cancellationToken: Cancel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
    }

    [Theory]
    [InlineData(0, false, 10)]
    [InlineData(4, false, 4)]
    [InlineData(4, true, 4)]
    public async Task The_number_counts_flows_that_match(ulong number, bool first, int count)
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        WriteAlternating(daemon.Ring, 20);
        var request = new GetFlowsRequest { Number = number, First = first };
        request.Whitelist.Add(new FlowFilter { SourcePod = { "xwing" } });
        var flows = await ReadAllAsync(daemon, request);
        Assert.Equal(count, flows.Count);
        Assert.All(flows, flow => Assert.Equal("xwing", flow.Flow.Source.PodName));
        Assert.Equal(first || number == 0 ? 1U : 13U, flows[0].Flow.L4.TCP.SourcePort);
    }

    [Fact]
    public async Task Since_and_until_bound_the_answer()
    {
        var time = new SteppedTime();
        await using var daemon = await ObserverDaemon.StartAsync(time: time);
        var start = time.Now;
        for (var i = 0; i < 10; i++, time.Now += TimeSpan.FromSeconds(1))
            WriteDrops(daemon.Ring, 1);
        var request = new GetFlowsRequest
        {
            Since = Timestamp.FromDateTimeOffset(start.AddSeconds(3)),
            Until = Timestamp.FromDateTimeOffset(start.AddSeconds(5)),
        };
        Assert.Equal(3, (await ReadAllAsync(daemon, request)).Count);
        Assert.Equal(2, (await ReadAllAsync(daemon, new GetFlowsRequest { Number = 2, Until = request.Until })).Count);
    }

    [Fact]
    public async Task A_follower_sees_only_what_comes()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        WriteDrops(daemon.Ring, 3);
        using var client = new ObserverClient(daemon.Server);
        using var call = client.Stub.GetFlows(new GetFlowsRequest { Follow = true }, cancellationToken: Cancel);
        var arrived = call.ResponseStream.MoveNext(Cancel);
        while (!arrived.IsCompleted)
        {
            // The server may take its place only after the first of these.
            WriteAlternating(daemon.Ring, 1);
            await Task.WhenAny(arrived, Task.Delay(10, Cancel));
        }

        Assert.True(await arrived);
        Assert.Equal("tiefighter", call.ResponseStream.Current.Flow.Source.PodName);
    }

    [Fact]
    public async Task A_follower_that_does_not_read_is_told_what_it_lost()
    {
        await using var daemon = await ObserverDaemon.StartAsync(capacity: 16);
        using var client = new ObserverClient(daemon.Server);
        using var call = client.Stub.GetFlows(new GetFlowsRequest { Follow = true, Number = 1 }, cancellationToken: Cancel);
        WriteDrops(daemon.Ring, 1);
        Assert.True(await call.ResponseStream.MoveNext(Cancel));
        WriteDrops(daemon.Ring, 20_000);

        ulong seen = 1, lost = 0;
        while (seen + lost < 20_001 && await call.ResponseStream.MoveNext(Cancel))
        {
            seen += call.ResponseStream.Current.Flow is null ? 0UL : 1;
            lost += call.ResponseStream.Current.LostEvents?.NumEventsLost ?? 0;
        }

        Assert.Equal(20_001UL, seen + lost);
        Assert.Equal((ulong)daemon.Ring.Lost, lost);
        Assert.NotEqual(0UL, lost);
    }

    [Fact]
    public async Task A_stopping_daemon_lets_its_followers_go()
    {
        var daemon = await ObserverDaemon.StartAsync();
        using var client = new ObserverClient(daemon.Server);
        using var call = client.Stub.GetFlows(new GetFlowsRequest { Follow = true, Number = 1 }, cancellationToken: Cancel);
        WriteDrops(daemon.Ring, 1);
        Assert.True(await call.ResponseStream.MoveNext(Cancel));
        await daemon.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        var end = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Cancel));
        Assert.Equal(StatusCode.Unavailable, end.StatusCode);
    }

    [Fact]
    public async Task Hubbles_default_mask_still_gets_what_its_printer_needs()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        daemon.Ring.Write(Sample.Verdict(Sample.Tiefighter, FlowVerdict.Forwarded, PolicyMatch.L3L4, auth: true));
        var request = new GetFlowsRequest { FieldMask = new FieldMask() };
        request.FieldMask.Paths.AddRange(
        [
            "time", "verdict", "IP", "l4", "source.identity", "source.namespace", "source.pod_name", "Type", "node_name",
            "l7", "event_type", "is_reply", "Summary",
        ]);
        var flow = Assert.Single(await ReadAllAsync(daemon, request)).Flow;
        Assert.Equal((2U, AuthType.Spire, TrafficDirection.Ingress), (flow.PolicyMatchType, flow.AuthType, flow.TrafficDirection));
        Assert.Equal("tiefighter", flow.Source.PodName);
        Assert.False(flow.IsReply);
        Assert.Empty(flow.Source.Labels);
        Assert.Null(flow.Destination);
    }

    [Fact]
    public async Task What_cannot_be_answered_is_an_invalid_argument()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        await RefusedAsync(daemon, new GetFlowsRequest { First = true, Follow = true });
        await RefusedAsync(daemon, new GetFlowsRequest { FieldMask = new FieldMask { Paths = { "no_such_field" } } });
        await RefusedAsync(daemon, new GetFlowsRequest { Whitelist = { new FlowFilter { DnsQuery = { "x" } } } });
    }

    [Fact]
    public async Task The_socket_is_for_owner_and_group()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite,
            File.GetUnixFileMode(daemon.Path));
    }

    [Fact]
    public async Task A_socket_left_by_a_killed_daemon_is_replaced_and_a_live_one_is_not()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        await Assert.ThrowsAsync<IOException>(() => StartAt(daemon.Path));

        var stale = daemon.Path + ".stale";
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Under its own name .NET would remove it on disposal, which a killed process does not.
            socket.Bind(new UnixDomainSocketEndPoint(stale + ".bound"));
            File.Move(stale + ".bound", stale);
        }

        await (await StartAt(stale)).DisposeAsync();

        var file = daemon.Path + ".txt";
        await File.WriteAllTextAsync(file, "", Cancel);
        await Assert.ThrowsAsync<IOException>(() => StartAt(file));
    }

    private static Task<ObserverServer> StartAt(string path) =>
        ObserverServer.StartAsync(new FlowRing("n", TimeProvider.System, 1), path, new ServerInfo("1"), Cancel);

    private static async Task RefusedAsync(ObserverDaemon daemon, GetFlowsRequest request)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => ReadAllAsync(daemon, request));
        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
    }

    private static async Task<List<GetFlowsResponse>> ReadAllAsync(ObserverDaemon daemon, GetFlowsRequest request)
    {
        using var client = new ObserverClient(daemon.Server);
        using var call = client.Stub.GetFlows(request, cancellationToken: Cancel);
        return await call.ResponseStream.ReadAllAsync(Cancel).ToListAsync(Cancel);
    }

    private static void WriteDrops(FlowRing ring, int count)
    {
        for (var i = 0; i < count; i++)
            ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
    }

    /// <summary>Even ones from the tie fighter, odd ones from the x-wing, the client's port telling which.</summary>
    private static void WriteAlternating(FlowRing ring, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var client = i % 2 == 0 ? Sample.Tiefighter : Sample.Xwing;
            ring.Write(Sample.Drop(client with { Port = (ushort)i }, DropReason.PolicyDenied));
        }
    }
}
