using System.Net;
using System.Net.Sockets;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Two pods on one bridge of a node: what one sends to the other the node's rules do not see.</summary>
public sealed class ProbeSpoofingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(1);
    private static readonly CaptureOptions Options = new();
    private static int made;

    private readonly string node;
    private readonly string pod;
    private readonly string thief;
    private readonly NetworkNamespace nodeNamespace;
    private readonly NetworkNamespace podNamespace;
    private readonly NetworkNamespace thiefNamespace;

    public ProbeSpoofingTests()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("network namespaces need root");
        var name = $"nps-{Environment.ProcessId}-{Interlocked.Increment(ref made)}";
        (node, pod, thief) = ($"{name}-node", $"{name}-pod", $"{name}-thief");
        TestPods.Host($"ip netns add {node}");
        TestPods.Host($"ip -n {node} link set lo up");
        TestPods.Host($"ip -n {node} link add br0 type bridge");
        TestPods.Host($"ip -n {node} link set br0 up");
        Address(node, "br0", "10.98.0.1", "fd98::1");
        TestPods.Host($"ip netns exec {node} sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        // The worst case: but for the rules the node itself would carry answers to whoever claims the probe source.
        TestPods.Host($"ip -n {node} route add default dev br0");
        TestPods.Host($"ip -n {node} -6 route add default dev br0");
        // As the rules see least: with the bridge's packets shown to them they drop the claim at once.
        TestPods.Host($"ip netns exec {node} sysctl -e -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0");
        Attach(pod, 2);
        Attach(thief, 3);
        (nodeNamespace, podNamespace, thiefNamespace) = (NetworkNamespace.Open(node), NetworkNamespace.Open(pod), NetworkNamespace.Open(thief));
        new CaptureRules(Options).Apply(podNamespace);
        new NodeRules(Options, CaptureTools.Find(null, ToolPath.OfProcess)).Apply(nodeNamespace, [Policy.Address.From(PodAddress(ipv4: true)), Policy.Address.From(PodAddress(ipv4: false))]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_node_itself_dials_arrives_from_the_probe_source(bool ipv4)
    {
        using var server = new TestServer(podNamespace, ipv4);

        Assert.Equal("hello", await TestClient.EchoAsync(nodeNamespace, PodAddress(ipv4), 80, Patience));

        Assert.Equal(Probe(ipv4), server.LastClient!.Address);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_claims_the_probe_source_on_the_same_bridge_gets_no_answer(bool ipv4)
    {
        using var server = new TestServer(podNamespace, ipv4);
        Claim(thief, "eth0", ipv4);

        await AssertRefusedAsync(ipv4, "answer to a probe that this node did not send");

        Assert.Equal(0, server.Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_claims_the_probe_source_from_behind_the_node_does_not_reach_the_pod(bool ipv4)
    {
        using var server = new TestServer(podNamespace, ipv4);
        Claim(thief, "eth0", ipv4);
        // By the node instead of straight over the bridge.
        TestPods.Host($"ip -n {thief} {(ipv4 ? "-4" : "-6")} route add {PodAddress(ipv4)}/{(ipv4 ? 32 : 128)} via {(ipv4 ? "10.98.0.1" : "fd98::1")}");

        await AssertRefusedAsync(ipv4, "only this node may have the probe source");

        Assert.Equal(0, server.Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_node_masquerades_is_no_probe(bool ipv4)
    {
        using var server = new TestServer(podNamespace, ipv4);
        using var judge = new TestJudge(podNamespace, _ => false);
        TestPods.Host($"ip netns exec {node} {(ipv4 ? "iptables" : "ip6tables")} -t nat -A POSTROUTING -p tcp -j MASQUERADE");
        TestPods.Host($"ip -n {thief} {(ipv4 ? "-4" : "-6")} route add {PodAddress(ipv4)}/{(ipv4 ? 32 : 128)} via {(ipv4 ? "10.98.0.1" : "fd98::1")}");
        TestPods.Host($"ip netns exec {node} sysctl -q -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.br0.send_redirects=0");

        for (var attempt = 0; attempt < 20 && judge.Asked.IsEmpty; attempt++)
            Assert.Null(await TestClient.EchoAsync(thiefNamespace, PodAddress(ipv4), 80, ShortPatience));

        Assert.Equal(0, server.Accepted);
        Assert.Equal(ipv4 ? "10.98.0.1" : "fd98::1", judge.Asked.First().Source.ToString());
    }

    public void Dispose()
    {
        foreach (var place in (NetworkNamespace[])[nodeNamespace, podNamespace, thiefNamespace])
            place.Dispose();
        foreach (var name in (string[])[thief, pod, node])
            TestPods.Host($"ip netns del {name}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_the_nodes_rules_the_claim_succeeds_so_that_the_tests_above_can_fail(bool ipv4)
    {
        new NodeRules(Options with { ProbeSourceIPv4 = null, ProbeSourceIPv6 = null }, CaptureTools.Find(null, ToolPath.OfProcess)).Apply(nodeNamespace, []);
        using var server = new TestServer(podNamespace, ipv4);
        Claim(thief, "eth0", ipv4);
        // A pod does not even answer who asks for its link address in the name of a probe (ICMPv6).
        var link = TestPods.Host($"ip netns exec {pod} cat /sys/class/net/eth0/address").Trim();
        TestPods.Host($"ip -n {thief} neigh replace {PodAddress(ipv4)} lladdr {link} dev eth0 nud permanent");

        Assert.True(await ConnectsAsync(thiefNamespace, Probe(ipv4), PodAddress(ipv4), 4 * Patience));
    }

    private static IPAddress PodAddress(bool ipv4) => IPAddress.Parse(ipv4 ? "10.98.0.2" : "fd98::2");

    private static IPAddress Probe(bool ipv4) => (ipv4 ? Options.ProbeSourceIPv4 : Options.ProbeSourceIPv6)!;

    private static void Claim(string name, string link, bool ipv4) =>
        TestPods.Host($"ip -n {name} addr add {Probe(ipv4)}/{(ipv4 ? 32 : 128)} dev {link}{(ipv4 ? "" : " nodad")}");

    /// <summary>Tries until the rule has dropped something: before that neighbours may not have found each other.</summary>
    private async Task AssertRefusedAsync(bool ipv4, string rule)
    {
        for (var attempt = 0; attempt < 20 && Packets(ipv4, rule) == 0; attempt++)
            Assert.False(await ConnectsAsync(thiefNamespace, Probe(ipv4), PodAddress(ipv4)));
        Assert.True(Packets(ipv4, rule) > 0, $"nothing came to \"{rule}\": the test proves nothing");
    }

    private static async Task<bool> ConnectsAsync(NetworkNamespace place, IPAddress from, IPAddress to, TimeSpan? limit = null)
    {
        using var socket = TestPods.NewSocket(place, to.AddressFamily == AddressFamily.InterNetwork);
        socket.Bind(new IPEndPoint(from, 0));
        using var patience = new CancellationTokenSource(limit ?? ShortPatience);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(to, 80), patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private long Packets(bool ipv4, string purpose)
    {
        var saved = TestPods.Host($"ip netns exec {node} {(ipv4 ? "iptables-nft" : "ip6tables-nft")}-save -c");
        var line = saved.Split('\n').First(text => text.Contains(purpose, StringComparison.Ordinal));
        return long.Parse(line[1..line.IndexOf(':', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Attach(string name, int number)
    {
        TestPods.Host($"ip netns add {name}");
        TestPods.Host($"ip -n {name} link set lo up");
        TestPods.Host($"ip -n {name} link add eth0 type veth peer name port{number} netns {node}");
        TestPods.Host($"ip -n {node} link set port{number} master br0 up");
        TestPods.Host($"ip -n {name} link set eth0 up");
        Address(name, "eth0", $"10.98.0.{number}", $"fd98::{number}");
        TestPods.Host($"ip -n {name} route add default via 10.98.0.1");
        TestPods.Host($"ip -n {name} -6 route add default via fd98::1");
    }

    private static void Address(string name, string link, string ipv4, string ipv6)
    {
        TestPods.Host($"ip -n {name} addr add {ipv4}/24 dev {link}");
        TestPods.Host($"ip -n {name} addr add {ipv6}/64 dev {link} nodad");
    }
}
