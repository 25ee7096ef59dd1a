using System.Text;
using Proxy.Engine;
using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Tests.Stories;
using Proxy.Tests.Tls;
using Proxy.Tls;

namespace Proxy.Tests.Engine;

/// <summary>What a worker allocates while connections are in their steady state.</summary>
[Collection(nameof(AloneCollection))]
public sealed class AllocationTests : IDisposable
{
    private const int Warm = 2_000;
    private const int RoundTrips = 10_000;

    // The answer to the question itself, once: its task and what wakes the asker.
    private const int OfTheQuestion = 2_048;

    // What SslStream itself allocates for a round trip of one leg: it pools its states, 0 to 0.06 bytes were measured.
    private const int OfSslStream = 1;

    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public async Task A_chunk_between_plain_legs_costs_nothing()
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        var relay = _worker.RunAsync(() => Relay.RunAsync(_worker.Worker, clientLeg, serverLeg));
        var allocated = await MeasureAsync(client, server, "ping"u8.ToArray(), "pong"u8.ToArray());
        Assert.InRange(allocated, 0, OfTheQuestion);
        client.Reset();
        await relay;
    }

    [Fact]
    public async Task A_gated_request_costs_nothing_with_its_flows()
    {
        using var stage = new Stage();
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        var (source, destination) = (Stage.Client(), Stage.ServerOn(Cast.ThisNode));
        var cluster = Cast.ClusterOf(Cast.ServerAdmitsClient(ports: Cast.OnlyOpen(Cast.Port)), source, destination);
        var parties = new Parties(
            new Party(new Endpoint(source.Addresses[0], 40000), source), new Party(new Endpoint(destination.Addresses[0], Cast.Port), destination), null);
        var judgement = Judgement.Of(new MeshSnapshot(cluster, Spiffe.IdentitySnapshot.Empty), parties, Policy.PeerAuthentication.NotYetKnown, Cast.ThisNode);
        Assert.NotNull(judgement.Http);
        var connection = new LiveConnection(parties) { HasGate = true, Http = judgement.Http };
        var gate = new RequestGate(new RequestJudge(connection, stage.Flows, TimeProvider.System), GateLimits.Default);
        var gated = new GatedRelay(_worker.Worker, clientLeg, serverLeg, gate);
        var relay = _worker.RunAsync(gated.RunAsync);

        var allocated = await MeasureAsync(client, server,
            Encoding.ASCII.GetBytes("GET /open HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\n\r\n"),
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        Assert.InRange(allocated, 0, OfTheQuestion);
        Assert.InRange(stage.Flows.Next, 2 * RoundTrips, long.MaxValue);
        client.Reset();
        await relay;
    }

    [Theory]
    [InlineData(true, false, nameof(TlsEngine.SslStream))]
    [InlineData(false, true, nameof(TlsEngine.SslStream))]
    [InlineData(true, false, nameof(TlsEngine.LibSsl))]
    [InlineData(false, true, nameof(TlsEngine.LibSsl))]
    public async Task A_round_trip_through_TLS_costs_no_more_than_SslStream_takes(bool clientTls, bool serverTls, string engine)
    {
        using var pki = new TestPki(Enum.Parse<TlsEngine>(engine));
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        Leg left = clientTls ? await pki.SecureAsClientOfAsync(_worker, clientLeg, client) : clientLeg;
        Leg right = serverTls ? await pki.SecureAsServerOfAsync(_worker, serverLeg, server) : serverLeg;
        var relay = _worker.RunAsync(() => Relay.RunAsync(_worker.Worker, left, right));
        var allocated = await MeasureAsync(client, server, "ping"u8.ToArray(), "pong"u8.ToArray());
        TestContext.Current.TestOutputHelper?.WriteLine($"{(double)allocated / RoundTrips} bytes per round trip");
        Assert.InRange(allocated, 0, (pki.Engine == TlsEngine.SslStream ? OfSslStream * RoundTrips : 0) + OfTheQuestion);
        client.Reset();
        await relay;
    }

    private async Task<long> MeasureAsync(Peer client, Peer server, byte[] request, byte[] response)
    {
        await Patience.OnThread(() => RoundTripsOf(Warm, client, server, request, response));
        var before = await _worker.AskAsync(GC.GetAllocatedBytesForCurrentThread);
        await Patience.OnThread(() => RoundTripsOf(RoundTrips, client, server, request, response));
        return await _worker.AskAsync(GC.GetAllocatedBytesForCurrentThread) - before;
    }

    private static void RoundTripsOf(int count, Peer client, Peer server, byte[] request, byte[] response)
    {
        var buffer = new byte[1024];
        for (var i = 0; i < count; i++)
        {
            client.Send(request);
            server.ReceiveExactly(buffer.AsSpan(0, request.Length));
            server.Send(response);
            client.ReceiveExactly(buffer.AsSpan(0, response.Length));
        }
    }
}
