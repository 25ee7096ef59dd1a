using System.Threading.Channels;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using Proxy.Tests.Tls;
using Proxy.Tls;

namespace Proxy.Tests.Tunnels;

/// <summary>
/// A client's node and a server's node, each a worker with its own snapshot, over real mutual TLS: what the one dials,
/// the other has captured. The applications at both ends are the test's.
/// </summary>
internal sealed class TwoNodes : IDisposable
{
    public static readonly Workload Client = Stage.Client();
    public static readonly Workload Server = Stage.ServerOn(Cast.OtherNode);

    private readonly NetworkNamespace _home = NetworkNamespace.Current();
    private readonly Loopback _captured = new();
    private readonly Channel<ConnectionOutcome> _tunnels = Channel.CreateUnbounded<ConnectionOutcome>();
    private readonly Channel<ConnectionOutcome> _streams = Channel.CreateUnbounded<ConnectionOutcome>();
    private readonly SemaphoreSlim _connecting = new(1);
    private readonly List<Wire> _wires = [];
    private readonly TimeProvider _time;
    private X509Svid _client;
    private X509Svid _server;
    private TrustBundle _bundle;

    public TwoNodes(
        ConnectionLimits? limits = null, ConnectionBudget? budget = null, TimeProvider? time = null, TlsEngine? near = null, TlsEngine? far = null,
        TimeProvider? workerTime = null)
    {
        _time = time ?? TimeProvider.System;
        Near = new Node(Cast.ThisNode, limits, budget, _time, near, workerTime);
        Far = new Node(Cast.OtherNode, limits, time: _time, engine: far, workerTime: workerTime);
        Application = new Loopback(Stage.ServerAddress);
        Destination = Application.Endpoint;
        ClientPod = new PodCapture(Client, new NetworkScope(_home, _home, 0));
        ServerPod = new PodCapture(Server, new NetworkScope(_home, _home, 0));
        Near.Pods.Add(ClientPod);
        Far.Pods.Add(ServerPod);
        (_client, _server, _bundle) = (Pki.Client, Pki.Server, Pki.Bundle);
        Publish();
        _wires.Add(Far.Worker.AskAsync(() => new Wire(Far.Worker.Worker, (socket, client) => Take(socket, client, Destination))).GetAwaiter().GetResult());
    }

    public TestPki Pki { get; } = new();

    public Node Near { get; }

    public Node Far { get; }

    public PodCapture ClientPod { get; }

    public PodCapture ServerPod { get; }

    /// <summary>The server.</summary>
    public Loopback Application { get; }

    /// <summary>Where new tunnels lead to at the server's node; the server, unless a test says otherwise.</summary>
    public Endpoint Destination { get; set; }

    /// <summary>A further port of the server pod: where the client's node reaches it, leading to this address.</summary>
    public async Task<Endpoint> OpenPortAsync(Endpoint destination)
    {
        var wire = await Far.Worker.AskAsync(() => new Wire(Far.Worker.Worker, (socket, client) => Take(socket, client, destination)));
        _wires.Add(wire);
        return wire.Endpoint;
    }

    /// <summary>Where the client's node reaches the server's node: the server pod's address and port.</summary>
    public Endpoint Address => _wires[0].Endpoint;

    /// <summary>Handshakes that the client's node completed.</summary>
    public long Handshakes => Near.Worker.AskAsync(() => Near.Seat.Tunnels.Opened).GetAwaiter().GetResult();

    public int Resting => Near.Worker.AskAsync(() => Near.Seat.Tunnels.Resting).GetAwaiter().GetResult();

    /// <summary>The directory, at both nodes.</summary>
    public void Publish(string policies = "", Workload? client = null, Workload? server = null)
    {
        foreach (var node in (Node[])[Near, Far])
        {
            node.Mesh.Publish(Cast.ClusterOf(policies, client ?? Client, server ?? Server));
            PublishSvids(node);
        }
    }

    /// <summary>The node that has the pod gets another SVID for it.</summary>
    public void Rotate(string uid, TimeSpan? lifetime = null) => Rotate(uid, Pki, lifetime);

    /// <summary>The same, by this authority.</summary>
    public void Rotate(string uid, TestPki pki, TimeSpan? lifetime = null)
    {
        if (uid == "client")
            _client = pki.Issue(TestPki.ClientId, lifetime);
        else
            _server = pki.Issue(TestPki.ServerId, lifetime);
        PublishSvids(uid == "client" ? Near : Far);
    }

    /// <summary>The node that has the pod loses its SVID.</summary>
    public void Withdraw(string uid)
    {
        var left = uid == "client" ? ("server", _server) : ("client", _client);
        (uid == "client" ? Near : Far).Mesh.Publish(Cast.Identities(_bundle, left));
    }

    /// <summary>Both nodes get the trust domain's bundle as another generation.</summary>
    public void RenewBundle() => Believe(Pki);

    /// <summary>Both nodes believe the roots of these authorities, and no others.</summary>
    public void Believe(params TestPki[] authorities)
    {
        BelieveAt(Near, authorities);
        PublishSvids(Far);
    }

    /// <summary>This node alone hears of it.</summary>
    public void BelieveAt(Node node, params TestPki[] authorities)
    {
        _bundle = new TrustBundle(TestPki.Domain, authorities.SelectMany(authority => authority.Bundle.Roots));
        PublishSvids(node);
    }

    /// <summary>When the first of the two SVIDs expires that the nodes have now.</summary>
    public DateTimeOffset FirstExpiry => _client.ExpiresAt < _server.ExpiresAt ? _client.ExpiresAt : _server.ExpiresAt;

    /// <summary>Has both nodes look at the clock, as they do once a second.</summary>
    public async Task LookAtTheClockAsync()
    {
        await Near.Worker.DoAsync(Near.Seat.CutOutlived);
        await Far.Worker.DoAsync(Far.Seat.CutOutlived);
    }

    /// <summary>How the next tunnel ends, at the server's node.</summary>
    public async Task<ConnectionOutcome> TunnelEndAsync() => await _tunnels.Reader.ReadAsync().AsTask().Soon();

    /// <summary>How the next stream ends, at the server's node.</summary>
    public async Task<ConnectionOutcome> StreamEndAsync() => await _streams.Reader.ReadAsync().AsTask().Soon();

    private void PublishSvids(Node node) =>
        node.Mesh.Publish(Cast.Identities(_bundle, _time, ("client", _client), ("server", _server)));

    /// <summary>A connection of the client to the server, as the client's node has captured it.</summary>
    public async Task<(Task<ConnectionOutcome> Story, Peer Client)> ConnectAsync(Endpoint? address = null)
    {
        var (leg, client) = await CaptureAsync();
        var captured = new CapturedConnection(
            ClientPod, leg, new ClientAddress(new Endpoint(Cast.AddressOf(Stage.ClientAddress), 40000)), new OriginalDestination(address ?? Address));
        return (Near.Worker.RunAsync(() => EndAsync(captured, new Outbound(Near.Seat, Near.Pods).RunAsync(captured))), client);
    }

    /// <summary>A connection whose first bytes have reached its server.</summary>
    public async Task<(Task<ConnectionOutcome> Story, Peer Client, Peer Server)> BeginAsync()
    {
        var (story, client) = await ConnectAsync();
        client.Send("first");
        var server = await Patience.OnThread(Application.Accept);
        server.Expect("first");
        return (story, client, server);
    }

    /// <summary>Ends a connection in order, the client first.</summary>
    public static async Task CompleteAsync(Task<ConnectionOutcome> story, Peer client, Peer server)
    {
        client.End();
        server.ExpectEnd();
        server.End();
        client.ExpectEnd();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    /// <summary>One connection with a short conversation, to its orderly end.</summary>
    public async Task ConverseAsync(string question = "ping", string answer = "pong")
    {
        var (story, client) = await ConnectAsync();
        client.Send(question);
        var server = await Patience.OnThread(Application.Accept);
        server.Expect(question);
        server.Send(answer);
        client.Expect(answer);
        await CompleteAsync(story, client, server);
    }

    public async Task AssertNothingHeldAsync()
    {
        await Near.SettleAsync();
        await Far.SettleAsync();
        Assert.Equal(0, await Near.Worker.AskAsync(() => Near.Worker.Worker.Buffers.Rented));
        Assert.Equal(0, await Far.Worker.AskAsync(() => Far.Worker.Worker.Buffers.Rented));
        Assert.Equal(0, await Near.Worker.AskAsync(() => Near.Seat.Table.Count));
        Assert.Equal(0, await Near.Worker.AskAsync(() => Near.Seat.Places.Pairs));
        Assert.Empty(Near.Worker.Faults);
        Assert.Empty(Far.Worker.Faults);
    }

    public void Dispose()
    {
        Far.Worker.DoAsync(() => _wires.ForEach(wire => wire.Close())).GetAwaiter().GetResult();
        _connecting.Dispose();
        Near.Worker.Dispose();
        Far.Worker.Dispose();
        Application.Dispose();
        _captured.Dispose();
        Pki.Dispose();
        _home.Dispose();
    }

    private async Task<(PlainLeg Leg, Peer Client)> CaptureAsync()
    {
        await _connecting.WaitAsync();
        try
        {
            return await _captured.ConnectAsync(Near.Worker);
        }
        finally
        {
            _connecting.Release();
        }
    }

    private void Take(TcpSocket socket, Endpoint client, Endpoint destination)
    {
        var leg = new PlainLeg(Far.Worker.Worker, socket, isConnected: true);
        var captured = new CapturedConnection(ServerPod, leg, new ClientAddress(client), new OriginalDestination(destination));
        _ = TellAsync(captured);
    }

    private async Task TellAsync(CapturedConnection captured)
    {
        var outcome = await EndAsync(captured, new Inbound(Far.Seat, (_, ended) => _streams.Writer.TryWrite(ended)).RunAsync(captured));
        _tunnels.Writer.TryWrite(outcome);
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
