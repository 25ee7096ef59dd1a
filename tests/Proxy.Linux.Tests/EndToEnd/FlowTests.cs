using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Lab;
using Proxy.Native;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>UDP over whole nodes: judged by flow, and again after a change.</summary>
public abstract class FlowTests(Mesh mesh) : IAsyncLifetime
{
    private const int Kept = 7001;
    private const int Withdrawn = 7002;
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Mesh.Policy("client")));

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_flow_that_a_new_policy_forbids_stops_both_ways_and_an_allowed_one_loses_nothing(Placement placement)
    {
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Udp(Kept, Withdrawn)));
        using var kept = new Stream(mesh, mesh.Client(placement), Kept);
        using var withdrawn = new Stream(mesh, mesh.Client(placement), Withdrawn);
        Assert.True(await Wait.UntilAsync(() => kept.Answered > 20 && withdrawn.Answered > 20, Patience));

        var changed = Stopwatch.GetTimestamp();
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Udp(Kept)));
        var atChange = kept.Answered;
        Assert.True(await Wait.UntilAsync(() => Stopwatch.GetElapsedTime(withdrawn.LastAnswer) > Promise && kept.Answered > atChange + 100, Patience));

        await kept.StopAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(changed, withdrawn.LastAnswer), TimeSpan.MinValue, Promise);
        Assert.Equal(kept.Sent, kept.Answered);
    }

    [Fact]
    public async Task A_datagram_to_a_service_is_judged_by_the_pod_and_port_behind_it()
    {
        const string Service = "10.96.0.253";
        using var server = Bind(mesh.Server, mesh.Server.IPv4, 5353);
        using var client = Bind(mesh.Near, mesh.Near.IPv4, 0);
        foreach (var hook in (string[])["PREROUTING", "OUTPUT"])
            Assert.True((await mesh.Near.Node.RunAsync("iptables", "-t", "nat", "-I", hook, "-p", "udp", "-d", Service, "--dport", "53", "-j", "DNAT", "--to-destination", $"{mesh.Server.IPv4}:5353")).Succeeded);
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy($$"""
            {{Udp(5353)}}
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: names
              namespace: default
            spec: {clusterIP: {{Service}}, selector: {app: server}, ports: [{name: dns, port: 53, protocol: UDP, targetPort: 5353}]}
            ---
            {{Egress(5353)}}
            """));

        var target = new IPEndPoint(IPAddress.Parse(Service), 53);
        Assert.True(await Wait.UntilAsync(() => PassesAsync(client, target, server), Patience));

        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Egress(53)));
        Assert.True(await Wait.UntilAsync(async () => !await PassesAsync(client, target, server), Patience));
        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("egress"));
    }

    [Fact]
    public async Task A_request_that_the_clients_side_refuses_gets_403_and_is_told()
    {
        using var nginx = new Stopping(await NginxServer.StartAsync(mesh.Server, NginxServer.DeathStar));
        const string Asks = "{ports: [{port: \"80\", protocol: TCP}], rules: {http: [{method: GET, path: /v1/}]}}";
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(
            $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: asks\n  namespace: default\nspec:\n  endpointSelector: {{matchLabels: {{app: client}}}}\n  egress: [{{toPorts: [{Asks}]}}]\n"));
        foreach (var client in (LabPod[])[mesh.Far, mesh.Near])
        {
            Assert.Equal(200, (await Curl.AskAsync(client, $"http://{mesh.Server.IPv4}/v1/")).Status);
            Assert.Equal(403, (await Curl.AskAsync(client, $"http://{mesh.Server.IPv4}/v1/secret")).Status);
            var (line, all) = await mesh.Lab.AwaitFlowAsync(Patience, $"default/{client.Name}", "http-request DROPPED", "/v1/secret");
            Assert.True(line is not null, all);
        }

        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("asks"));
    }

    [Fact]
    public async Task What_audit_would_refuse_passes_and_is_told_as_such()
    {
        using var nginx = new Stopping(await NginxServer.StartAsync(mesh.Server, NginxServer.DeathStar));
        // Allows add up: only where nothing else lets the connection in would the document refuse it.
        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("server"));
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Audited(Mesh.Policy("nobody", "watched"))));
        var answer = await Curl.AskAsync(mesh.Far, $"http://{mesh.Server.IPv4}/v1/");
        Assert.Equal(0, answer.ExitCode);
        var (line, all) = await mesh.Lab.AwaitFlowAsync(Patience, "default/far", "policy-verdict", "AUDITED");
        Assert.True(line is not null, all);

        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Audited(Mesh.Policy("client", "watched", "{ method: POST, path: /v1/request-landing }"))));
        answer = await Curl.AskAsync(mesh.Far, $"http://{mesh.Server.IPv4}/v1/");
        Assert.Equal(200, answer.Status);
        (line, all) = await mesh.Lab.AwaitFlowAsync(Patience, "default/far", "http-request AUDIT", "/v1/");
        Assert.True(line is not null, all);

        // Another protocol on the port is none of audit's business.
        var port = mesh.NextPort();
        await mesh.ServeAsync("speak-first", port);
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Audited(Mesh.Policy("client", "watched", "{ method: POST }").Replace("\"80\"", $"\"{port}\"", StringComparison.Ordinal))));
        var greeted = await mesh.AskAsync(Placement.BetweenNodes, "greet", port);
        Assert.StartsWith("220 ready", greeted.Output);
        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("watched"));
    }

    private static string Audited(string policy) =>
        policy.Replace("  namespace: default", "  namespace: default\n  annotations: {node-proxy.dev/audit: \"true\"}", StringComparison.Ordinal);

    private static string Udp(params int[] ports) => Document("server", "server", "ingress", string.Join(", ", ports.Select(port => $"{{port: \"{port}\", protocol: UDP}}")));

    private static string Egress(int port) => Document("egress", "client", "egress", $"{{port: \"{port}\", protocol: UDP}}");

    private static string Document(string name, string app, string direction, string ports) =>
        $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: {name}\n  namespace: default\nspec:\n  endpointSelector: {{matchLabels: {{app: {app}}}}}\n  {direction}: [{{toPorts: [{{ports: [{ports}]}}]}}]\n";

    private static Socket Bind(LabPod pod, string address, int port)
    {
        using var place = NetworkNamespace.Open(pod.NetworkNamespace);
        return Kernel.TestDatagrams.NewSocket(place, IPAddress.Parse(address), port);
    }

    private static async Task<bool> PassesAsync(Socket from, IPEndPoint target, Socket to)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        try
        {
            await from.SendToAsync(new byte[1], target, patience.Token);
            return await to.ReceiveAsync(new byte[10], patience.Token) == 1;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private sealed class Stopping(NginxServer server) : IDisposable
    {
        public void Dispose() => server.Process.StopAsync().GetAwaiter().GetResult();
    }

    /// <summary>Datagrams that a client sends every few milliseconds and a server answers.</summary>
    private sealed class Stream : IDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly Socket client;
        private readonly Socket server;
        private readonly Task sending;
        private int sent;
        private int answered;
        private long lastAnswer;

        public Stream(Mesh mesh, LabPod from, int port)
        {
            client = Bind(from, from.IPv4, 0);
            server = Bind(mesh.Server, mesh.Server.IPv4, port);
            _ = AnswerAsync();
            _ = CountAsync();
            sending = SendAsync(server.LocalEndPoint!);
        }

        public int Sent => Volatile.Read(ref sent);

        public int Answered => Volatile.Read(ref answered);

        public long LastAnswer => Volatile.Read(ref lastAnswer);

        public async Task StopAsync()
        {
            await stop.CancelAsync();
            await sending;
            await Wait.UntilAsync(() => Answered == Sent, Patience);
        }

        public void Dispose()
        {
            stop.Cancel();
            client.Dispose();
            server.Dispose();
            stop.Dispose();
        }

        private async Task SendAsync(EndPoint target)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(3));
            try
            {
                while (await timer.WaitForNextTickAsync(stop.Token))
                {
                    await client.SendToAsync(new byte[8], target, stop.Token);
                    Interlocked.Increment(ref sent);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // Stopped.
            }
        }

        private async Task AnswerAsync()
        {
            var buffer = new byte[100];
            while (await ReceiveAsync(server, buffer) is { } received)
                await server.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), received.RemoteEndPoint);
        }

        private async Task CountAsync()
        {
            var buffer = new byte[100];
            while (await ReceiveAsync(client, buffer) is not null)
            {
                Interlocked.Increment(ref answered);
                Volatile.Write(ref lastAnswer, Stopwatch.GetTimestamp());
            }
        }

        private static async Task<SocketReceiveFromResult?> ReceiveAsync(Socket socket, byte[] buffer)
        {
            try
            {
                return await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }
}
