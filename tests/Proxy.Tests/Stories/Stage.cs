using System.Collections.Concurrent;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Telemetry;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;
using Proxy.Tls;

namespace Proxy.Tests.Stories;

/// <summary>One worker's seat, with pods whose addresses are on loopback, and peers for the applications.</summary>
internal sealed class Stage : IDisposable
{
    public const string ClientAddress = "127.0.1.1";
    public const string ServerAddress = "127.0.1.2";

    private readonly NetworkNamespace _home = NetworkNamespace.Current();
    private readonly Loopback _captured = new();

    public Stage(
        TimeSpan? hold = null, TimeSpan? connect = null, TimeSpan? handshake = null, TimeSpan? open = null, RelayLimits? relay = null, TlsEngine engine = default,
        BufferPool? buffers = null, TimeProvider? time = null, int restingInbound = RestingInbound.Most, TimeProvider? workerTime = null)
    {
        Worker = new TestWorker(workerTime, buffers);
        Server = new Loopback(ServerAddress);
        var limits = new ConnectionLimits
        {
            Hold = hold ?? TimeSpan.FromMilliseconds(100),
            Connect = connect ?? Patience.Limit,
            Handshake = handshake ?? Patience.Limit,
            Open = open ?? Patience.Limit,
            Relay = relay ?? RelayLimits.None,
        };
        Seat = new ConnectionSeat(Worker.Worker, 1, Mesh, Cast.ThisNode, limits, Flows, time ?? TimeProvider.System)
        {
            Tls = engine,
            RestingInbound = new RestingInbound(restingInbound),
        };
    }

    public TestWorker Worker { get; }

    public TestPki Pki { get; } = new();

    public MeshState Mesh { get; } = new();

    public FlowRing Flows { get; } = new(Cast.ThisNode, TimeProvider.System);

    public ConnectionSeat Seat { get; }

    /// <summary>How the streams of inbound tunnels ended.</summary>
    public ConcurrentBag<ConnectionOutcome> Streams { get; } = [];

    public LocalPods Pods { get; } = new();

    /// <summary>The server pod's application, or its node-proxy.</summary>
    public Loopback Server { get; }

    public static Workload Client(string app = "client", string node = Cast.ThisNode, EnrolmentMode mode = EnrolmentMode.Enabled, string uid = "client") =>
        Cast.Pod(app, ClientAddress, node, mode, uid, "client");

    public static Workload ServerOn(string node, string app = "server", EnrolmentMode mode = EnrolmentMode.Enabled, string uid = "server") =>
        Cast.Pod(app, ServerAddress, node, mode, uid, "server");

    public PodCapture Capture(Workload workload)
    {
        var pod = new PodCapture(workload, new NetworkScope(_home, _home, 0));
        Pods.Add(pod);
        return pod;
    }

    public void PublishSvids() => Mesh.Publish(Cast.Identities(Pki, ("client", Pki.Client), ("server", Pki.Server)));

    /// <summary>A captured connection of the client to the server's address and port.</summary>
    public async Task<(CapturedConnection Captured, Peer Application)> CaptureAsync(PodCapture pod)
    {
        var (leg, application) = await _captured.ConnectAsync(Worker);
        var client = new ClientAddress(new Endpoint(Cast.AddressOf(ClientAddress), 40000));
        return (new CapturedConnection(pod, leg, client, new OriginalDestination(Server.Endpoint)), application);
    }

    /// <summary>Tells an outbound story as the daemon does.</summary>
    public Task<ConnectionOutcome> GoOutAsync(CapturedConnection captured) =>
        Worker.RunAsync(() => EndAsync(captured, new Outbound(Seat, Pods).RunAsync(captured)));

    /// <summary>Tells an inbound story as the daemon does.</summary>
    public Task<ConnectionOutcome> ComeInAsync(CapturedConnection captured) =>
        Worker.RunAsync(() => EndAsync(captured, new Inbound(Seat, (_, ended) => Streams.Add(ended)).RunAsync(captured)));

    /// <summary>Two legs between two applications, registered as a live connection.</summary>
    public async Task<(LiveConnection Connection, Peer Client, Peer Server)> RegisterAsync(Parties parties)
    {
        var (client, clientPeer) = await _captured.ConnectAsync(Worker);
        var (server, serverPeer) = await _captured.ConnectAsync(Worker);
        var connection = new LiveConnection(parties) { IsRelaying = true };
        await Worker.DoAsync(() =>
        {
            connection.AttachClient(client);
            connection.AttachServer(server);
            Seat.Table.Register(connection);
        });
        return (connection, clientPeer, serverPeer);
    }

    /// <summary>The server's end of a handshake is done a moment after the client's.</summary>
    public async Task UntilTunnelStandsAsync()
    {
        var stands = false;
        while (!stands)
        {
            await Worker.SettleAsync();
            await Worker.DoAsync(() => Seat.Table.ForEach(connection => stands |= connection.IsTunnel, (_, bug) => throw bug));
        }
    }

    public async Task AssertNothingHeldAsync()
    {
        await Worker.SettleAsync();
        Assert.Equal(0, await Worker.AskAsync(() => Seat.Table.Count));
        Assert.Equal(0, await Worker.AskAsync(() => Seat.Places.Pairs));
        Assert.Equal(0, await Worker.AskAsync(() => Worker.Worker.Buffers.Rented));
        Assert.Equal(0, await Worker.AskAsync(() => Worker.Worker.Timers.Pending));
        Assert.Empty(Worker.Faults);
    }

    public void Dispose()
    {
        Server.Dispose();
        _captured.Dispose();
        Worker.Dispose();
        Pki.Dispose();
        _home.Dispose();
    }

    private static async ValueTask<ConnectionOutcome> EndAsync(CapturedConnection captured, ValueTask<ConnectionOutcome> story)
    {
        try
        {
            return await story;
        }
        finally
        {
            captured.Leg.Abort();
            await captured.Leg.GoneAsync();
        }
    }
}
