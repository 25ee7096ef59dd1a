using System.Net;
using System.Net.Sockets;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

public sealed class CaptureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(300);
    private static readonly CaptureOptions Options = new();

    public static MatrixTheoryData<string, string> OwnAddresses => new(["nft", "legacy"], ["127.0.0.1", "10.99.0.2", "::1", "fd99::2"]);

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task An_outbound_connection_is_captured_with_its_original_destination(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var server = new TestServer(pods.FarNamespace, ipv4);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience));
        var captured = Assert.Single(relay.Seen);
        Assert.True(captured.IsOutbound);
        Assert.Equal(new IPEndPoint(TestPods.FarAddress(ipv4), 80), captured.Destination);
        Assert.Equal(TestPods.PodAddress(ipv4), captured.Client.Address);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task An_inbound_connection_is_captured_and_the_application_sees_the_client(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var server = new TestServer(pods.PodNamespace, ipv4);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, Patience));
        var captured = Assert.Single(relay.Seen);
        Assert.False(captured.IsOutbound);
        Assert.Equal(new IPEndPoint(TestPods.PodAddress(ipv4), 80), captured.Destination);
        Assert.Equal(TestPods.FarAddress(ipv4), captured.Client.Address);
        Assert.Equal(TestPods.FarAddress(ipv4), server.LastClient!.Address);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Both_legs_carry_bulk_and_end_in_order_under_a_strict_reverse_path_filter(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        pods.InPod("sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1");
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        var bulk = new string('x', 3_000_000);
        var outbound = TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience, bulk);
        var inbound = TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, Patience, bulk);
        Assert.True(bulk == await outbound);
        Assert.True(bulk == await inbound);
    }

    [Theory]
    [MemberData(nameof(OwnAddresses))]
    public async Task What_a_pod_sends_to_itself_is_neither_captured_nor_asked_about(string variant, string address)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var server = new TestServer(pods.PodNamespace, !address.Contains(':', StringComparison.Ordinal));
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, IPAddress.Parse(address), 80, Patience));
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Without_a_proxy_nothing_passes_in_either_direction(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        await AssertClosedAsync(pods, ipv4, far, near, "all rules");
        Assert.Contains(judge.Asked, question => question.IsOutbound);
        Assert.Contains(judge.Asked, question => !question.IsOutbound);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Without_a_proxy_nothing_passes_with_any_single_rule_missing(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        var removals = SingleRemovals(pods, variant, ipv4).ToArray();
        Assert.True(removals.Length > 30, $"only {removals.Length} rules");
        foreach (var (removal, _) in removals)
        {
            pods.InPod(removal);
            Assert.True(rules.Verify(pods.PodNamespace).Count == 1, $"not noticed: {removal}");
            await AssertClosedAsync(pods, ipv4, far, near, removal);
            rules.Apply(pods.PodNamespace);
            Assert.Empty(rules.Verify(pods.PodNamespace));
        }
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Without_routing_rule_and_second_net_a_connection_leaves_so_that_the_test_above_can_fail(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        pods.InPod($"ip {(ipv4 ? "-4" : "-6")} rule del priority {Options.RulePriority}");
        pods.InPod($"{(ipv4 ? "iptables" : "ip6tables")}-{variant} -t mangle -D POSTROUTING 1");
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, ShortPatience));
        Assert.True(pods.PacketsFromPod(ipv4) > 0);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Interrupted_at_any_step_the_pod_is_closed(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        var tools = new NamespaceTools(pods.PodNamespace, CaptureTools.Find(TestVariants.Options(variant).Iptables, ToolPath.OfProcess));
        var apply = new CapturePlan(Options, CaptureFindings.Read(tools, Options)).Apply().ToArray();
        CaptureRules.Run(tools, apply[0]);
        foreach (var step in apply[1..])
        {
            CaptureRules.Run(tools, step);
            await AssertClosedAsync(pods, ipv4, far, near, $"applied as far as {step}");
        }
        var remove = new CapturePlan(Options, CaptureFindings.Read(tools, Options)).Remove().ToArray();
        foreach (var step in remove[..^2])
        {
            CaptureRules.Run(tools, step);
            await AssertClosedAsync(pods, ipv4, far, near, $"removed as far as {step}");
        }
        new CaptureRules(TestVariants.Options(variant)).Remove(pods.PodNamespace);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience));
        Assert.Equal("hello", await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, Patience));
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task A_connection_older_than_capture_passes_nothing_more(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var server = new TestServer(pods.PodNamespace, ipv4);
        using var client = TestPods.NewSocket(pods.FarNamespace, ipv4);
        await client.ConnectAsync(TestPods.PodAddress(ipv4), 80, TestContext.Current.CancellationToken);
        await client.SendAsync(new byte[10], TestContext.Current.CancellationToken);
        Assert.Equal(10, await client.ReceiveAsync(new byte[100], TestContext.Current.CancellationToken));
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        await client.SendAsync(new byte[1000], TestContext.Current.CancellationToken);
        using var patience = new CancellationTokenSource(ShortPatience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.ReceiveAsync(new byte[100], patience.Token));
        // Received and not read, sent and not acknowledged: neither the bytes nor their echo are there.
        var queues = pods.InPod("ss -Htn state established sport = :80").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(("0", "0"), (queues[0], queues[1]));
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task When_the_proxy_dies_its_connections_are_reset_and_nothing_follows(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        using var outbound = await OpenAsync(pods.PodNamespace, TestPods.FarAddress(ipv4));
        using var inbound = await OpenAsync(pods.FarNamespace, TestPods.PodAddress(ipv4));
        relay.Kill();
        using var patience = new CancellationTokenSource(Patience);
        foreach (var socket in (Socket[])[outbound, inbound])
        {
            var error = await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[10], patience.Token));
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
        var (toFar, toNear) = (far.Accepted, near.Accepted);
        var packets = pods.PacketsFromPod(ipv4);
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, ShortPatience));
        Assert.Equal((toFar, toNear, packets), (far.Accepted, near.Accepted, pods.PacketsFromPod(ipv4)));
    }

    private static async Task<Socket> OpenAsync(NetworkNamespace place, IPAddress address)
    {
        var socket = TestPods.NewSocket(place, address.AddressFamily == AddressFamily.InterNetwork);
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new IPEndPoint(address, 80), patience.Token);
        await socket.SendAsync(new byte[10], patience.Token);
        Assert.Equal(10, await socket.ReceiveAsync(new byte[100], patience.Token));
        return socket;
    }

    // Neither for what begins nor for the rest of a captured connection, and with a pod that forwards.
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public async Task A_route_of_another_address_to_the_loopback_is_no_way_out(string variant)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var far = new TestServer(pods.FarNamespace, true);
        using var connection = await OpenAsync(pods.PodNamespace, TestPods.FarIPv4);
        relay.Dispose();
        pods.InPod("sysctl -q -w net.ipv4.ip_forward=1");
        pods.InPod($"ip route add {TestPods.FarIPv4}/32 dev lo");
        var (asked, packets) = (judge.Asked.Count, pods.PacketsFromPod(ipv4: true));
        await connection.SendAsync(new byte[10], TestContext.Current.CancellationToken);
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarIPv4, 80, ShortPatience));
        Assert.Equal((1, packets), (far.Accepted, pods.PacketsFromPod(ipv4: true)));
        Assert.True(judge.Asked.Count > asked);
    }

    // A server that must stay untouched tells, together with the wire, that nothing came through.
    internal static async Task AssertClosedAsync(TestPods pods, bool ipv4, TestServer far, TestServer near, string state)
    {
        var before = pods.PacketsFromPod(ipv4);
        var outbound = TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, ShortPatience);
        var inbound = TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, ShortPatience);
        Assert.True(await outbound is null && await inbound is null, $"answered: {state}");
        Assert.True(far.Accepted == 0, $"a connection left the pod: {state}");
        Assert.True(near.Accepted == 0, $"a connection reached the application: {state}");
        Assert.True(before == pods.PacketsFromPod(ipv4), $"a packet left the pod: {state}");
    }

    // Every rule and jump of ours, the routing rule and the route.
    internal static IEnumerable<(string Command, string Rule)> SingleRemovals(TestPods pods, string variant, bool ipv4)
    {
        var (tool, flag) = ipv4 ? ($"iptables-{variant}", "-4") : ($"ip6tables-{variant}", "-6");
        var table = "";
        Dictionary<string, int> numbers = [];
        foreach (var line in pods.InPod($"{tool}-save").Split('\n'))
        {
            if (line.StartsWith('*'))
                table = line[1..];
            if (!line.StartsWith("-A ", StringComparison.Ordinal) || line.Contains(CaptureSettings.StateChain, StringComparison.Ordinal))
                continue;
            var chain = line.Split(' ')[1];
            var number = numbers[table + chain] = numbers.GetValueOrDefault(table + chain) + 1;
            yield return ($"{tool} -t {table} -D {chain} {number}", line);
        }
        yield return ($"ip {flag} rule del priority {Options.RulePriority}", "routing rule");
        yield return ($"ip {flag} route del local default dev lo table {Options.RouteTable}", "route");
    }
}
