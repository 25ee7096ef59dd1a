using System.Net;
using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Linux.Tests.Kernel;

public sealed class VerdictQueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(300);
    private static readonly CaptureOptions Options = new();

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task The_kernel_asks_about_both_directions_and_a_refusal_ends_it(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => false);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 81, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 82, ShortPatience));
        Assert.Empty(relay.Seen);
        var (pod, far) = (Address.From(TestPods.PodAddress(ipv4)), Address.From(TestPods.FarAddress(ipv4)));
        var outbound = Assert.Single(judge.Asked, question => question.IsOutbound);
        Assert.Equal((pod, far, (ushort)81), (outbound.Source, outbound.Destination, outbound.DestinationPort));
        var inbound = Assert.Single(judge.Asked, question => !question.IsOutbound);
        Assert.Equal((far, pod, (ushort)82), (inbound.Source, inbound.Destination, inbound.DestinationPort));
        Assert.NotEqual(0, inbound.SourcePort);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task A_question_may_be_answered_late_and_out_of_order(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var server = new TestServer(pods.FarNamespace, ipv4);
        using var queue = VerdictQueue.Open(pods.PodNamespace, Options.QueueNumber, 16);
        var first = TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience, "first");
        var held = Next(queue);
        var second = TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience, "second");
        queue.Accept(Next(queue));
        Assert.Equal("second", await second);
        Assert.False(first.IsCompleted);
        queue.Accept(held);
        Assert.Equal("first", await first);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Nobody_on_the_queue_means_drop(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, ShortPatience));
        Assert.Empty(relay.Seen);
    }

    [Fact]
    public void A_second_owner_of_the_queue_is_refused_with_the_reason()
    {
        using var pods = new TestPods();
        using var first = VerdictQueue.Open(pods.PodNamespace, 7, 16);
        var error = Assert.Throws<IOException>(() => VerdictQueue.Open(pods.PodNamespace, 7, 16));
        Assert.Contains("another process", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task What_is_in_the_allow_set_is_not_asked_about_until_it_is_flushed(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        using var allowed = AllowSet.Open(pods.PodNamespace);
        allowed.AddOutbound(Address.From(TestPods.FarAddress(ipv4)), 80, TimeSpan.FromMinutes(1));
        allowed.AddInbound(Address.From(TestPods.FarAddress(ipv4)), 80, TimeSpan.FromMinutes(1));
        allowed.AddInbound(Address.From(TestPods.FarAddress(ipv4)), 80, TimeSpan.FromMinutes(1));
        Assert.Equal(0, allowed.Errors);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience));
        Assert.Equal("hello", await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, Patience));
        allowed.Flush();
        Assert.Equal(0, allowed.Errors);
        Assert.Null(await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, ShortPatience));
    }

    [Fact]
    public void A_missing_set_is_an_error_that_is_counted()
    {
        using var pods = new TestPods();
        using var allowed = AllowSet.Open(pods.PodNamespace);
        allowed.AddOutbound(Address.From(IPAddress.Loopback), 1, TimeSpan.FromSeconds(1));
        Assert.Equal(1, allowed.Errors);
    }

    [Fact]
    public async Task A_flood_of_first_packets_is_dropped_beyond_the_limit_and_blocks_nobody()
    {
        const int Flood = 20_000;
        using var pods = new TestPods();
        new CaptureRules(Options).Apply(pods.PodNamespace);
        using var relay = new TestRelay(pods.PodNamespace, Options);
        using var server = new TestServer(pods.FarNamespace, ipv4: true);
        using var queue = VerdictQueue.Open(pods.PodNamespace, Options.QueueNumber, 256);
        SynFlood.Send(pods.FarNamespace, TestPods.FarIPv4, TestPods.PodIPv4, Flood);
        var counters = queue.ReadCounters()!.Value;
        Assert.True(counters.DroppedInKernel + counters.DroppedOnDelivery >= Flood - 256, counters.ToString());
        var taken = 0;
        for (; queue.TryReceive(out var question); taken++)
            queue.Drop(question);
        Assert.InRange(taken, 1, 256);
        var echo = TestClient.EchoAsync(pods.PodNamespace, TestPods.FarIPv4, 80, Patience);
        queue.Accept(Next(queue));
        Assert.Equal("hello", await echo);
        Assert.Equal(0, queue.FailedAnswers);
    }

    [Fact]
    public void Taking_and_answering_a_question_allocates_nothing()
    {
        using var pods = new TestPods();
        new CaptureRules(Options).Apply(pods.PodNamespace);
        using var queue = VerdictQueue.Open(pods.PodNamespace, Options.QueueNumber, 1024);
        SynFlood.Send(pods.FarNamespace, TestPods.FarIPv4, TestPods.PodIPv4, 500);
        Assert.True(queue.TryReceive(out var warm));
        queue.Drop(warm);
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (queue.TryReceive(out var question))
            queue.Drop(question);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static PacketQuestion Next(VerdictQueue queue)
    {
        using var epoll = new Epoll(1);
        epoll.Watch(queue.Fd, 1, Readiness.Readable);
        Assert.Equal(1, epoll.Wait(new EpollEvent[1], 5000));
        Assert.True(queue.TryReceive(out var question));
        return question;
    }
}
