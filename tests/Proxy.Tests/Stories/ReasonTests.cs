using System.Net;
using System.Net.Sockets;
using System.Text;
using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Telemetry;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>Outcomes that no other story ends with: each with its flow, and what the client sees.</summary>
public sealed class ReasonTests : IDisposable
{
    private static readonly Workload s_client = Stage.Client();
    private static readonly Workload s_local = Stage.ServerOn(ThisNode);
    private static readonly Workload s_remote = Stage.ServerOn(OtherNode);

    private readonly Stage _stage = new(connect: TimeSpan.FromSeconds(1), handshake: TimeSpan.FromMilliseconds(100));

    public void Dispose() => _stage.Dispose();

    [Fact]
    [Produces(OutcomeReason.PolicyUnreadable)]
    public async Task A_policy_that_cannot_be_read_closes_what_it_selects()
    {
        var open = ClusterOf("", s_client, s_local);
        var file = ManifestReader.Read("broken.yaml", Encoding.UTF8.GetBytes(ServerAdmitsClient("authentication: {mode: perhaps}")));
        var document = PolicyParser.Parse(Assert.Single(file.Documents));
        Assert.True(document.IsRefused);
        var closed = new ClusterSnapshot { Workloads = open.Workloads, Addresses = open.Addresses, PodCidrs = open.PodCidrs, Policies = PolicySnapshot.Compile([document]) };
        await RefuseAsync(closed, OutcomeReason.PolicyUnreadable);
    }

    [Fact]
    [Produces(OutcomeReason.DisputedWorkload)]
    public async Task A_pod_whose_place_others_claim_gets_nowhere_and_is_not_reached()
    {
        await RefuseAsync(ClusterOf("", Disputed(s_client), s_local), OutcomeReason.DisputedWorkload, client: Disputed(s_client));
        _stage.Mesh.Publish(ClusterOf("", s_client, Disputed(s_local)));
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(Disputed(s_local)));
        Assert.Equal(OutcomeReason.DisputedWorkload, (await _stage.ComeInAsync(captured)).Reason);
        client.ExpectReset();
    }

    [Fact]
    [Produces(OutcomeReason.UnknownServer)]
    public Task An_address_of_the_pod_ranges_that_nobody_has_is_refused_after_the_hold() =>
        RefuseAsync(ClusterOf("", s_client), OutcomeReason.UnknownServer, new Endpoint(AddressOf("10.0.9.9"), Port));

    [Theory]
    [InlineData(80)]
    [InlineData(81)]
    [Produces(OutcomeReason.NoEndpoint)]
    public Task A_Service_without_endpoints_and_one_without_the_port_are_refused_after_the_hold(int port) =>
        RefuseAsync(ClusterOf("", s_client).WithService("10.96.0.1"), OutcomeReason.NoEndpoint, new Endpoint(AddressOf("10.96.0.1"), (ushort)port));

    [Fact]
    [Produces(OutcomeReason.ServerUnreachable)]
    public Task A_server_without_a_way_to_it_is_unreachable() =>
        RefuseAsync(ClusterOf("", s_client), OutcomeReason.ServerUnreachable, new Endpoint(AddressOf("255.255.255.255"), Port));

    [Fact]
    [Produces(OutcomeReason.ServerTimedOut)]
    public async Task A_server_that_does_not_answer_meets_the_limit()
    {
        // A full queue of connections: the kernel drops every further SYN.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(1);
        var waiting = Enumerable.Range(0, 8).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false }).ToList();
        waiting.ForEach(socket => Record.Exception(() => socket.Connect(silent.LocalEndPoint!)));
        var port = (ushort)((IPEndPoint)silent.LocalEndPoint!).Port;
        await RefuseAsync(ClusterOf("", s_client), OutcomeReason.ServerTimedOut, new Endpoint(AddressOf("127.0.0.1"), port));
        waiting.ForEach(socket => socket.Dispose());
    }

    [Fact]
    [Produces(OutcomeReason.OutOfResources)]
    public async Task A_client_address_without_a_port_left_is_out_of_resources()
    {
        _stage.Capture(s_local);
        var taken = Enumerable.Range(Proxy.Engine.Dialer.FirstInnerPort, 80).Select(port => TryListen(IPAddress.Parse(Stage.ClientAddress), port)).ToList();
        await RefuseAsync(ClusterOf("", s_client, s_local), OutcomeReason.OutOfResources);
        taken.ForEach(socket => socket.Dispose());
    }

    [Fact]
    [Produces(OutcomeReason.HandshakeTimedOut)]
    public async Task A_server_that_is_silent_in_the_handshake_meets_the_limit() =>
        await RefuseAsync(ClusterOf("", s_client, s_remote), OutcomeReason.HandshakeTimedOut);

    [Fact]
    [Produces(OutcomeReason.MalformedHttp)]
    public async Task What_is_no_request_gets_400_where_requests_are_judged()
    {
        _stage.Capture(s_local);
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: OnlyOpen(_stage.Server.Endpoint.Port)), s_client, s_local));
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(s_client));
        var story = _stage.GoOutAsync(captured);
        application.Send("GET / HTTP/1.1\nHost: a\n\n");
        Assert.StartsWith("HTTP/1.1 400", await Patience.OnThread(application.ReceiveToEnd), StringComparison.Ordinal);
        application.End();
        Assert.Equal(new ConnectionOutcome(OutcomeReason.MalformedHttp, "bare-line-feed"), await story.Soon());
        Assert.Equal(("bare-line-feed", OutcomeReason.MalformedHttp.ToDropReason()), LastDrop());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Produces(OutcomeReason.InternalError)]
    public async Task A_bug_is_told_as_one(bool isOutbound)
    {
        var (captured, _) = await _stage.CaptureAsync(_stage.Capture(isOutbound ? s_client : s_local));
        var outcome = await _stage.Worker.AskAsync(() => _stage.Seat.EndForBug(captured, isOutbound));
        Assert.Equal(OutcomeReason.InternalError, outcome.Reason);
        Assert.Equal(("internal-error", DropReason.HostNotReady), LastDrop());
        await _stage.Worker.DoAsync(captured.Leg.Abort);
    }

    private async Task RefuseAsync(ClusterSnapshot cluster, OutcomeReason expected, Endpoint? destination = null, Workload? client = null)
    {
        _stage.Mesh.Publish(cluster);
        _stage.PublishSvids();
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(client ?? s_client));
        if (destination is { } other)
            captured = captured with { Destination = new(other) };
        Assert.Equal(expected, (await _stage.GoOutAsync(captured).Soon()).Reason);
        application.ExpectReset();
        Assert.Equal((expected.Text(), expected.ToDropReason()), LastDrop());
        await _stage.AssertNothingHeldAsync();
    }

    private (string Reason, DropReason Number) LastDrop()
    {
        var cursor = new FlowCursor(_stage.Flows);
        Assert.Equal(FlowReadResult.Read, cursor.Read(cursor.Next - 1, out var flow));
        return (Assert.Single(flow!.PolicyLog)["reason=".Length..], (DropReason)flow.EventType.SubType);
    }

    private static Workload Disputed(Workload workload) => Pod(workload.Name, workload.Addresses[0].ToString(), uid: workload.Uid, account: workload.ServiceAccount, isDisputed: true);

    private static Socket TryListen(IPAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // Somebody else's is as good: the port is taken.
        Record.Exception(() =>
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
        });
        return socket;
    }
}
