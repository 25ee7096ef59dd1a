using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>What is remembered of flows; the kernel's side, which is not there, takes nothing.</summary>
public sealed class FlowMemoryTests : IDisposable
{
    private const int Capacity = 8;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly StoppedTime _time = new();
    private readonly FlowMemory _memory;

    public FlowMemoryTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "netlink needs root");
        using var here = NetworkNamespace.Current();
        _memory = new FlowMemory(FlowSet.Open(here), _time, Limit, Capacity);
    }

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void What_came_with_another_packet_of_the_flow_is_known()
    {
        Assert.True(Remember(1));
        Assert.False(Remember(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Remember(1));
        Assert.Equal(1, _memory.Count);
    }

    [Fact]
    public void What_is_over_leaves_and_the_rest_stays()
    {
        for (ushort port = 1; port <= 4; port++)
            Remember(port);
        _time.Advance(Limit);
        for (ushort port = 4; port <= 7; port++)
            Remember(port);
        Assert.Equal(7, _memory.Count);
        _time.Advance(TimeSpan.FromSeconds(3));
        Remember(8);
        Assert.Equal(5, _memory.Count);
    }

    [Fact]
    public void Beyond_what_may_be_remembered_all_begins_anew()
    {
        for (ushort port = 1; port <= Capacity; port++)
            Remember(port);
        Assert.Equal(Capacity, _memory.Count);
        Remember(Capacity);
        Remember(Capacity + 1);
        Assert.Equal(1, _memory.Count);
    }

    [Fact]
    public void What_a_change_has_taken_out_can_be_remembered_again()
    {
        Remember(1);
        _memory.KeepOnly(_ => false);
        Assert.Equal(0, _memory.Count);
        Assert.True(Remember(1));
        _time.Advance(Limit + TimeSpan.FromSeconds(3));
        Remember(2);
        Assert.Equal(1, _memory.Count);
    }

    [Fact]
    public void What_nobody_can_judge_goes_with_all_the_others()
    {
        Remember(1);
        Remember(2);
        Assert.Throws<InvalidOperationException>(() => _memory.KeepOnly(_ => throw new InvalidOperationException()));
        Assert.Equal(0, _memory.Count);
    }

    // Of a type that cannot hold a flow: whatever is asked about one is refused.
    [Theory]
    [InlineData("hash:ip,port timeout 30", 1)]
    [InlineData("list:set", 0)]
    public void What_the_kernel_does_not_let_go_of_goes_with_all_the_others(string type, int kept)
    {
        using var pods = new TestPods();
        pods.InPod($"ipset create {CaptureFamily.IPv4.FlowOutSet} {type}");
        using var memory = new FlowMemory(FlowSet.Open(pods.PodNamespace), _time, Limit, Capacity);
        memory.Remember(Question(1));
        memory.Remember(Question(2));
        Assert.True(memory.KeepOnly(question => question.DestinationPort == 2));
        Assert.Equal(kept, memory.Count);
        Assert.Equal(kept, pods.InPod($"ipset list {CaptureFamily.IPv4.FlowOutSet}").Split('\n').Count(line => line.StartsWith("10.0.0.1,udp:2", StringComparison.Ordinal)));
    }

    private bool Remember(ushort port) => _memory.Remember(Question(port));

    private static PacketQuestion Question(ushort port) => new()
    {
        PacketId = 1,
        Queue = 1,
        IsOutbound = true,
        Source = default,
        SourcePort = 1,
        Destination = Address.TryParse("10.0.0.1", out var address) ? address : default,
        DestinationPort = port,
        Protocol = TransportProtocol.Udp,
    };

    private sealed class StoppedTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
