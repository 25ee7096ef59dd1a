using System.Net.Sockets;
using Proxy.Kernel;
using Proxy.Policy;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>What is not TCP: asked about once for each flow, and closed when nobody answers.</summary>
public sealed class FlowRulesTests
{
    private static readonly CaptureOptions Options = new();

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task The_kernel_asks_about_datagrams_in_both_directions_and_a_refusal_ends_them(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = TestJudge.OfFlows(pods.PodNamespace, _ => false);
        using var sockets = new TestDatagrams(pods, ipv4);
        Assert.True(await TestDatagrams.IsClosedAsync(sockets.Pod, sockets.Far));
        Assert.True(await TestDatagrams.IsClosedAsync(sockets.Far, sockets.Pod));
        var (pod, far) = (Address.From(TestPods.PodAddress(ipv4)), Address.From(TestPods.FarAddress(ipv4)));
        var outbound = Assert.Single(judge.Asked, question => question.IsOutbound);
        Assert.Equal((pod, far, (ushort)TestDatagrams.FarPort, TransportProtocol.Udp), (outbound.Source, outbound.Destination, outbound.DestinationPort, outbound.Protocol));
        var inbound = Assert.Single(judge.Asked, question => !question.IsOutbound);
        Assert.Equal((far, pod, (ushort)TestDatagrams.PodPort), (inbound.Source, inbound.Destination, inbound.DestinationPort));
        Assert.DoesNotContain(judge.Asked, question => question.IsReply);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Neighbours_are_found_and_what_is_allowed_passes(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = TestJudge.OfFlows(pods.PodNamespace, _ => true);
        using var sockets = new TestDatagrams(pods, ipv4);
        pods.InPod("ip neigh flush dev eth0");
        Assert.True(await TestDatagrams.PassesAsync(sockets.Pod, sockets.Far));
        pods.InFar("ip neigh flush dev eth0");
        Assert.True(await TestDatagrams.PassesAsync(sockets.Far, sockets.Pod));
        // What the pod was answered is asked about as the flow that it belongs to.
        Assert.All(judge.Asked, question => Assert.True(question.IsOutbound));
        Assert.Contains(judge.Asked, question => question.IsReply && question.DestinationPort == TestDatagrams.FarPort);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Nobody_on_the_queue_means_drop(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        await AssertClosedAsync(pods, ipv4, "all rules");
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Nothing_passes_with_any_single_rule_missing(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        var removals = CaptureTests.SingleRemovals(pods, variant, ipv4)
            .Where(removal => removal.Rule.Contains("FLOWS", StringComparison.Ordinal) || removal.Rule.Contains("! -p tcp", StringComparison.Ordinal) || !removal.Rule.Contains("comment", StringComparison.Ordinal))
            .ToArray();
        Assert.True(removals.Length > 20, $"only {removals.Length} rules");
        foreach (var removal in removals)
        {
            pods.InPod(removal.Command);
            await AssertClosedAsync(pods, ipv4, removal.Rule);
            rules.Apply(pods.PodNamespace);
        }
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task What_is_remembered_passes_both_ways_without_a_question_until_it_is_taken_out(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var sockets = new TestDatagrams(pods, ipv4);
        using var set = FlowSet.Open(pods.PodNamespace);
        var flow = new FlowKey(true, Address.From(TestPods.FarAddress(ipv4)), TransportProtocol.Udp, TestDatagrams.FarPort, 0);
        set.Add(flow, TimeSpan.FromMinutes(1));
        Assert.True(await TestDatagrams.PassesAsync(sockets.Pod, sockets.Far));
        Assert.True(await TestDatagrams.PassesAsync(sockets.Far, sockets.Pod));
        Assert.True(set.TryRemove(flow) && set.TryRemove(flow));
        Assert.True(await TestDatagrams.IsClosedAsync(sockets.Pod, sockets.Far));
        Assert.True(await TestDatagrams.IsClosedAsync(sockets.Far, sockets.Pod));
        Assert.Equal(0, set.Errors);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public void A_ping_and_its_answer_are_one_flow(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using (var judge = TestJudge.OfFlows(pods.PodNamespace, question => question.IsOutbound))
        {
            Assert.True(TestPing.IsAnswered(pods.PodNamespace, TestPods.FarAddress(ipv4)));
            Assert.False(TestPing.IsAnswered(pods.FarNamespace, TestPods.PodAddress(ipv4)));
            Assert.All(judge.Asked, question => Assert.Equal(ipv4 ? 8 : 128, question.DestinationPort));
            Assert.Contains(judge.Asked, question => question.IsReply);
        }

        using var set = FlowSet.Open(pods.PodNamespace);
        var protocol = ipv4 ? TransportProtocol.Icmp : TransportProtocol.IcmpV6;
        set.Add(new FlowKey(false, Address.From(TestPods.FarAddress(ipv4)), protocol, (ushort)(ipv4 ? 8 : 128), 0), TimeSpan.FromMinutes(1));
        Assert.True(TestPing.IsAnswered(pods.FarNamespace, TestPods.PodAddress(ipv4)));
        Assert.False(TestPing.IsAnswered(pods.PodNamespace, TestPods.FarAddress(ipv4)));
        Assert.Equal(0, set.Errors);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task An_error_about_an_allowed_flow_comes_back(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = TestJudge.OfFlows(pods.PodNamespace, question => question.Protocol == TransportProtocol.Udp);
        using var socket = TestDatagrams.NewSocket(pods.PodNamespace, TestPods.PodAddress(ipv4), 0);
        await socket.ConnectAsync(TestPods.FarAddress(ipv4), 9, TestContext.Current.CancellationToken);
        await socket.SendAsync(new byte[1], TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Excluded_ports_and_ranges_pass_unasked_and_are_no_way_in_for_others(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        _ = Cidr.TryParse($"{TestPods.FarAddress(ipv4)}/{(ipv4 ? 32 : 128)}", out var range);
        var rules = new CaptureRules(TestVariants.Options(variant));
        using var sockets = new TestDatagrams(pods, ipv4);
        foreach (var exclusions in (Exclusions[])[new() { OutboundPorts = [new(TestDatagrams.FarPort, TestDatagrams.FarPort)] }, new() { OutboundCidrs = [range] }])
        {
            rules.Excluding(exclusions).Apply(pods.PodNamespace);
            Assert.True(await TestDatagrams.IsClosedAsync(sockets.Far, sockets.Pod));
            Assert.True(await TestDatagrams.PassesAsync(sockets.Pod, sockets.Far));
            Assert.True(await TestDatagrams.PassesAsync(sockets.Far, sockets.Pod));
            pods.InPod("conntrack -D -p udp");
        }

        rules.Excluding(new Exclusions { InboundPorts = [new(TestDatagrams.PodPort, TestDatagrams.PodPort)] }).Apply(pods.PodNamespace);
        Assert.True(await TestDatagrams.IsClosedAsync(sockets.Pod, sockets.Far));
        Assert.True(await TestDatagrams.PassesAsync(sockets.Far, sockets.Pod));
        Assert.True(await TestDatagrams.PassesAsync(sockets.Pod, sockets.Far));
    }

    [Fact]
    public void Another_protocol_is_asked_about()
    {
        using var pods = new TestPods();
        new CaptureRules(Options).Apply(pods.PodNamespace);
        using var judge = TestJudge.OfFlows(pods.PodNamespace, _ => false);
        using (pods.PodNamespace.Enter())
        {
            using var raw = RawSocket.Open(AddressFamily.InterNetwork, 47);
            raw.SendTo(new byte[8], new System.Net.IPEndPoint(TestPods.FarIPv4, 0));
        }

        SpinWait.SpinUntil(() => !judge.Asked.IsEmpty, TimeSpan.FromSeconds(5));
        var asked = judge.Asked.ToArray()[^1];
        Assert.Equal(((TransportProtocol)47, (ushort)0), (asked.Protocol, asked.DestinationPort));
    }

    private static async Task AssertClosedAsync(TestPods pods, bool ipv4, string state)
    {
        using var sockets = new TestDatagrams(pods, ipv4);
        var outbound = TestDatagrams.IsClosedAsync(sockets.Pod, sockets.Far);
        var inbound = TestDatagrams.IsClosedAsync(sockets.Far, sockets.Pod);
        Assert.True(await outbound, $"a datagram left the pod: {state}");
        Assert.True(await inbound, $"a datagram reached the application: {state}");
    }
}
