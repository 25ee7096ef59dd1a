using System.Text;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Tunnels;

/// <summary>What both nodes allocate for a round trip on a connection in a tunnel, over real TLS and with flows.</summary>
[Collection(nameof(AloneCollection))]
public sealed class TunnelAllocationTests : IDisposable
{
    private const int Warm = 2_000;
    private const int RoundTrips = 10_000;

    // The answer to the question itself at both workers, and what SslStream itself takes at one of them: 1 byte at most.
    private const int Allowed = (2 * 2_048) + RoundTrips;

    private readonly TwoNodes _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public Task A_chunk_costs_nothing() => MeasureAsync("ping", "pong");

    [Fact]
    public async Task A_gated_request_costs_nothing_with_its_flows()
    {
        var policy = Cast.ServerAdmitsClient(ports: Cast.OnlyOpen(_nodes.Application.Endpoint.Port));
        // Each node knows the server by the port that it dials.
        _nodes.Far.Mesh.Publish(Cast.ClusterOf(policy, TwoNodes.Client, TwoNodes.Server));
        await MeasureAsync("GET /open HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.InRange(_nodes.Far.Flows.Next, 2 * RoundTrips, long.MaxValue);
    }

    private async Task MeasureAsync(string request, string response)
    {
        var (story, client) = await _nodes.ConnectAsync();
        var server = await Patience.OnThread(_nodes.Application.Accept);
        await Patience.OnThread(() => RoundTripsOf(Warm, client, server, request, response));
        var before = await AllocatedAsync();
        await Patience.OnThread(() => RoundTripsOf(RoundTrips, client, server, request, response));
        var allocated = await AllocatedAsync() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{(double)allocated / RoundTrips} bytes per round trip");
        Assert.InRange(allocated, 0, Allowed);
        client.Reset();
        await story;
    }

    private async Task<long> AllocatedAsync() =>
        await _nodes.Near.Worker.AskAsync(GC.GetAllocatedBytesForCurrentThread) + await _nodes.Far.Worker.AskAsync(GC.GetAllocatedBytesForCurrentThread);

    private static void RoundTripsOf(int count, Peer client, Peer server, string question, string answer)
    {
        var (request, response, buffer) = (Encoding.ASCII.GetBytes(question), Encoding.ASCII.GetBytes(answer), new byte[1024]);
        for (var i = 0; i < count; i++)
        {
            client.Send(request);
            server.ReceiveExactly(buffer.AsSpan(0, request.Length));
            server.Send(response);
            client.ReceiveExactly(buffer.AsSpan(0, response.Length));
        }
    }
}
