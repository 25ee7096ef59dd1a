using System.Collections;
using System.Diagnostics;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>From a snapshot that is published to the one that decides: no verdict is left of the one before, nor made of both.</summary>
public sealed class MeshChangeTests : IDisposable
{
    private const ushort Dns = 53;

    private static readonly TimeSpan s_enough = TimeSpan.FromSeconds(5);

    // Both refuse the client: here it is red and clients are let in, there it is a client and the red are.
    private static readonly ClusterSnapshot s_red = ClusterOf(ServerAdmitsClient(), Stage.Client("red"), Stage.ServerOn(ThisNode));
    private static readonly ClusterSnapshot s_client = ClusterOf(ServerAdmitsClient().Replace("app: client", "app: red", StringComparison.Ordinal), Stage.Client(), Stage.ServerOn(ThisNode));

    private readonly AskedTime _time = new();
    private readonly Stage _stage;

    public MeshChangeTests() => _stage = new Stage(time: _time);

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void A_snapshot_that_comes_after_a_newer_one_is_not_taken_up()
    {
        _stage.Mesh.Publish(new ClusterSnapshot { Revision = 2 });
        _stage.Mesh.Publish(new ClusterSnapshot { Revision = 1 });
        Assert.Equal(2, _stage.Mesh.Current.Cluster.Revision);
    }

    [Fact]
    public async Task It_is_in_force_once_the_worker_has_judged_by_it_and_not_when_it_is_published()
    {
        using var goOn = new ManualResetEventSlim();
        _stage.Worker.Worker.Post(goOn.Wait);
        _stage.Mesh.Publish(new ClusterSnapshot { Revision = 1 });
        Assert.Equal(0, _stage.Seat.RevisionInForce);
        goOn.Set();
        await _stage.Worker.SettleAsync();
        Assert.Equal(1, _stage.Seat.RevisionInForce);
    }

    // The worker is met at every point of taking up the one before.
    [Fact]
    public async Task One_that_comes_while_another_is_taken_up_is_taken_up_as_well()
    {
        const int Pairs = 20_000;
        const int LongestPause = 2_000;
        var started = Stopwatch.GetTimestamp();
        await Engine.Patience.OnThread(() =>
        {
            for (var pair = 1; pair <= Pairs && Stopwatch.GetElapsedTime(started) < s_enough; pair++)
            {
                _stage.Mesh.Publish(new ClusterSnapshot { Revision = (2 * pair) - 1 });
                Thread.SpinWait(pair % LongestPause);
                _stage.Mesh.Publish(new ClusterSnapshot { Revision = 2 * pair });
                AwaitInForce(2 * pair);
            }
        });
    }

    // A change is taken up in microseconds.
    private void AwaitInForce(long revision)
    {
        for (var start = Stopwatch.GetTimestamp(); _stage.Seat.RevisionInForce != revision; Thread.Yield())
            Assert.True(Stopwatch.GetElapsedTime(start) < Engine.Patience.Limit, $"revision {revision} is not taken up");
    }

    [Fact]
    public async Task Who_the_ends_are_and_what_they_may_is_of_one_snapshot()
    {
        _stage.PublishSvids();
        var (captured, _) = await _stage.CaptureAsync(_stage.Capture(Stage.Client()));
        var (client, server) = (Stage.Client(), Stage.ServerOn(ThisNode));
        var connection = new LiveConnection(new Parties(new Party(captured.Client.Endpoint, client), new Party(_stage.Server.Endpoint, server), null))
        {
            Proof = new ConnectionProof(client.ExpectedId, server.ExpectedId, ClientIsOurs: true, ServerIsOurs: true),
        };
        var refused = await _stage.Worker.AskAsync(() =>
        {
            _stage.Mesh.Publish(s_red);
            // Asked when the ends are known, to see whether their SVIDs are over.
            _time.OnAsked = () => _stage.Mesh.Publish(s_client);
            return _stage.Seat.Admit(connection, captured.Leg, SocketFault.None);
        });
        Assert.Same(s_client, _stage.Mesh.Current.Cluster);
        Assert.Equal(OutcomeReason.PolicyDenied, refused?.Reason);
    }

    [Fact]
    public void A_packet_is_judged_by_one_snapshot()
    {
        using var here = NetworkNamespace.Current();
        var addresses = new AskedList(AddressOf(Stage.ClientAddress));
        var pod = new PodCapture(Pod("red", Stage.ClientAddress, uid: "client", account: "client", addresses: addresses), new NetworkScope(here, here, 0));
        using var judge = new FlowJudge(_stage.Seat, pod, new FlowMemory(FlowSet.Open(here), TimeProvider.System, TimeSpan.FromSeconds(30), capacity: 8));
        _stage.Mesh.Publish(s_red);
        addresses.OnAsked = () => _stage.Mesh.Publish(s_client);
        Assert.False(judge.Decide(new PacketQuestion
        {
            PacketId = 1,
            Queue = 1,
            IsOutbound = true,
            Protocol = TransportProtocol.Udp,
            Source = AddressOf(Stage.ClientAddress),
            SourcePort = 40000,
            Destination = AddressOf(Stage.ServerAddress),
            DestinationPort = Dns,
        }));
        Assert.Same(s_client, _stage.Mesh.Current.Cluster);
    }

    /// <summary>Tells when it is asked for the date, once.</summary>
    private sealed class AskedTime : TimeProvider
    {
        public Action? OnAsked { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            var onAsked = OnAsked;
            OnAsked = null;
            onAsked?.Invoke();
            return base.GetUtcNow();
        }
    }

    /// <summary>Tells when it is asked for its address.</summary>
    private sealed class AskedList(Address address) : IReadOnlyList<Address>
    {
        public Action? OnAsked { get; set; }

        public int Count => 1;

        public Address this[int index]
        {
            get
            {
                OnAsked?.Invoke();
                return address;
            }
        }

        public IEnumerator<Address> GetEnumerator() => Enumerable.Repeat(address, 1).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
