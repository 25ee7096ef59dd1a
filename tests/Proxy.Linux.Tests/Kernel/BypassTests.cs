using System.Net;
using System.Net.Sockets;
using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>What passes uncaptured, and that nothing else does. Nobody answers the kernel's questions: what is captured goes nowhere.</summary>
public sealed class BypassTests
{
    private const int Excluded = 81;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(500);

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task An_excluded_inbound_port_is_open_and_no_other(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        Rules(inbound: "81,90-91", variant: variant).Apply(pods.PodNamespace);
        using var excluded = new TestServer(pods.PodNamespace, ipv4, Excluded);
        using var captured = new TestServer(pods.PodNamespace, ipv4);
        using var far = new TestServer(pods.FarNamespace, ipv4, Excluded);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), Excluded, Patience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), Excluded, ShortPatience));
        Assert.Equal((0, 0), (captured.Accepted, far.Accepted));
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task An_excluded_outbound_port_is_open_and_no_other(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        Rules(outbound: "80-81", variant: variant).Apply(pods.PodNamespace);
        using var excluded = new TestServer(pods.FarNamespace, ipv4, Excluded);
        using var captured = new TestServer(pods.FarNamespace, ipv4, 82);
        using var near = new TestServer(pods.PodNamespace, ipv4, Excluded);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), Excluded, Patience));
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 82, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), Excluded, ShortPatience));
        Assert.Equal((0, 0), (captured.Accepted, near.Accepted));
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task An_excluded_outbound_range_is_open_and_no_other(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        Rules(cidrs: "10.99.0.1/32,fd99::1/128", variant: variant).Apply(pods.PodNamespace);
        var other = IPAddress.Parse(ipv4 ? "10.99.0.5" : "fd99::5");
        pods.InFar($"ip addr add {other}/{(ipv4 ? 24 : 64)} dev eth0{(ipv4 ? "" : " nodad")}");
        using var far = new TestServer(pods.FarNamespace, ipv4);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience));
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, other, 80, ShortPatience));
        Assert.Equal(1, far.Accepted);
    }

    // The number of an excluded port is no way out for a connection that the pod begins, nor a way in for one that others begin.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_number_of_an_excluded_port_at_the_other_end_opens_nothing(bool ipv4)
    {
        using var pods = new TestPods();
        Rules(inbound: "81", outbound: "82").Apply(pods.PodNamespace);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        var before = pods.PacketsFromPod(ipv4);
        Assert.False(await ConnectsAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), from: 81, ShortPatience));
        Assert.False(await ConnectsAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), from: 82, ShortPatience));
        Assert.Equal((0, 0, before), (far.Accepted, near.Accepted, pods.PacketsFromPod(ipv4)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_captured_connection_stays_captured_when_its_port_becomes_excluded(bool ipv4)
    {
        using var pods = new TestPods();
        Rules().Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, new CaptureOptions());
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        using var outbound = await OpenAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80);
        using var inbound = await OpenAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80);

        Rules(inbound: "80", outbound: "80").Apply(pods.PodNamespace);

        Assert.True(await EchoesAsync(outbound, Patience));
        Assert.True(await EchoesAsync(inbound, Patience));
        relay.Kill();
        var packets = pods.PacketsFromPod(ipv4);
        Assert.False(await EchoesAsync(outbound, ShortPatience));
        Assert.False(await EchoesAsync(inbound, ShortPatience));
        Assert.Equal(packets, pods.PacketsFromPod(ipv4));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task When_an_exclusion_ends_its_connections_pass_nothing_more(bool ipv4, bool isInbound)
    {
        using var pods = new TestPods();
        Rules(inbound: "81", outbound: "81").Apply(pods.PodNamespace);
        using var server = new TestServer(isInbound ? pods.PodNamespace : pods.FarNamespace, ipv4, Excluded);
        using var connection = isInbound
            ? await OpenAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), Excluded)
            : await OpenAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), Excluded);
        var packets = pods.PacketsFromPod(ipv4);

        Rules(inbound: "82", outbound: "82").Apply(pods.PodNamespace);

        Assert.False(await EchoesAsync(connection, ShortPatience));
        Assert.Equal(packets, pods.PacketsFromPod(ipv4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_through_an_exclusion_outlives_a_change_that_keeps_it(bool ipv4)
    {
        using var pods = new TestPods();
        Rules(inbound: "81").Apply(pods.PodNamespace);
        using var server = new TestServer(pods.PodNamespace, ipv4, Excluded);
        using var connection = await OpenAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), Excluded);

        Rules(inbound: "79-83", outbound: "25").Apply(pods.PodNamespace);

        Assert.True(await EchoesAsync(connection, Patience));
    }

    // Tracked by somebody's own rule: as the pod's, which it was, or, taken up in its midst, as the pod's, which it was not.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_connection_that_was_tracked_before_capture_passes_nothing(bool ipv4, bool isOfPod)
    {
        using var pods = new TestPods();
        var (from, to) = isOfPod ? (pods.PodNamespace, pods.FarNamespace) : (pods.FarNamespace, pods.PodNamespace);
        var tracking = $"{(ipv4 ? "iptables" : "ip6tables")} -A INPUT -p tcp -m conntrack --ctstate INVALID -j DROP";
        if (isOfPod)
            pods.InPod(tracking);
        using var listener = TestPods.NewSocket(to, ipv4);
        listener.Bind(new IPEndPoint(ipv4 ? IPAddress.Any : IPAddress.IPv6Any, isOfPod ? Excluded : 80));
        listener.Listen();
        using var client = TestPods.NewSocket(from, ipv4);
        client.Bind(new IPEndPoint(ipv4 ? IPAddress.Any : IPAddress.IPv6Any, isOfPod ? 0 : Excluded));
        await client.ConnectAsync(new IPEndPoint(isOfPod ? TestPods.FarAddress(ipv4) : TestPods.PodAddress(ipv4), isOfPod ? Excluded : 80), TestContext.Current.CancellationToken);
        using var server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        if (!isOfPod)
            pods.InPod(tracking);
        var (ofPod, other) = isOfPod ? (client, server) : (server, client);
        Assert.True(await ArrivesAsync(ofPod, other, Patience));

        Rules(outbound: $"{Excluded}").Apply(pods.PodNamespace);

        var packets = pods.PacketsFromPod(ipv4);
        Assert.False(await ArrivesAsync(ofPod, other, ShortPatience));
        Assert.Equal(packets, pods.PacketsFromPod(ipv4));
    }

    [Fact]
    public void Applying_exclusions_twice_is_applying_once_and_other_exclusions_are_noticed()
    {
        using var pods = new TestPods();
        var rules = Rules(inbound: "80", outbound: "1-2,3", cidrs: "10.0.0.0/8,fd00::/8");
        rules.Apply(pods.PodNamespace);
        var once = pods.InPod("iptables-save") + pods.InPod("ip6tables-save");
        Assert.Empty(rules.Verify(pods.PodNamespace));
        rules.Apply(pods.PodNamespace);
        Assert.Equal(Bare(once), Bare(pods.InPod("iptables-save") + pods.InPod("ip6tables-save")));
        Assert.NotEmpty(Rules(inbound: "81").Verify(pods.PodNamespace));
        rules.Remove(pods.PodNamespace);
        Assert.DoesNotContain("NODE_PROXY", pods.InPod("iptables-save"), StringComparison.Ordinal);
        Assert.Equal("1", pods.InPod("cat /proc/sys/net/netfilter/nf_conntrack_tcp_loose").Trim());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_probe_source_reaches_every_port_and_nothing_reaches_it_from_the_pod(bool ipv4)
    {
        using var pods = new TestPods();
        Rules().Apply(pods.PodNamespace);
        var probe = (ipv4 ? new CaptureOptions().ProbeSourceIPv4 : new CaptureOptions().ProbeSourceIPv6)!;
        pods.InFar($"ip addr add {probe}/{(ipv4 ? 32 : 128)} dev eth0{(ipv4 ? "" : " nodad")}");
        using var near = new TestServer(pods.PodNamespace, ipv4);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        Assert.True(await ConnectsAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), from: 0, Patience, probe));
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, probe, 80, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, ShortPatience));
        Assert.Equal((1, 0), (near.Accepted, far.Accepted));
    }

    private static CaptureRules Rules(string inbound = "", string outbound = "", string cidrs = "", string variant = "nft") => new(TestVariants.Options(variant) with
    {
        Exclusions = new Exclusions { InboundPorts = Ports(inbound), OutboundPorts = Ports(outbound), OutboundCidrs = Cidrs(cidrs) },
    });

    private static IReadOnlyList<PortRange> Ports(string text)
    {
        IReadOnlyList<PortRange> ports = [];
        Assert.Null(text.Length == 0 ? null : Exclusions.ReadPorts(text, out ports));
        return ports;
    }

    private static IReadOnlyList<Cidr> Cidrs(string text)
    {
        IReadOnlyList<Cidr> cidrs = [];
        Assert.Null(text.Length == 0 ? null : Exclusions.ReadCidrs(text, out cidrs));
        return cidrs;
    }

    private static async Task<Socket> OpenAsync(NetworkNamespace place, IPAddress address, int port)
    {
        var socket = TestPods.NewSocket(place, address.AddressFamily == AddressFamily.InterNetwork);
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new IPEndPoint(address, port), patience.Token);
        Assert.True(await EchoesAsync(socket, Patience));
        return socket;
    }

    private static async Task<bool> ArrivesAsync(Socket from, Socket to, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await from.SendAsync(new byte[10], patience.Token);
            return await to.ReceiveAsync(new byte[100], patience.Token) == 10;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> EchoesAsync(Socket socket, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await socket.SendAsync(new byte[10], patience.Token);
            return await socket.ReceiveAsync(new byte[100], patience.Token) == 10;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> ConnectsAsync(NetworkNamespace place, IPAddress address, int from, TimeSpan limit, IPAddress? source = null)
    {
        var isIPv4 = address.AddressFamily == AddressFamily.InterNetwork;
        using var socket = TestPods.NewSocket(place, isIPv4);
        socket.Bind(new IPEndPoint(source ?? (isIPv4 ? IPAddress.Any : IPAddress.IPv6Any), from));
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, 80), patience.Token);
            return await EchoesAsync(socket, Patience);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    // Without counters and times.
    private static string Bare(string saved) =>
        string.Join('\n', saved.Split('\n').Where(line => line.StartsWith("-A", StringComparison.Ordinal)));
}
