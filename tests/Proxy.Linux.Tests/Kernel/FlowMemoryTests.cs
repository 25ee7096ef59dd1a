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

    private bool Remember(ushort port) => _memory.Remember(new PacketQuestion
    {
        PacketId = 1,
        Queue = 1,
        IsOutbound = true,
        Source = default,
        SourcePort = 1,
        Destination = Address.TryParse("10.0.0.1", out var address) ? address : default,
        DestinationPort = port,
        Protocol = TransportProtocol.Udp,
    });

    private sealed class StoppedTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
