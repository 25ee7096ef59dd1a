using Proxy.Telemetry;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Telemetry;

public sealed class FlowRingTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public void Writing_allocates_nothing()
    {
        var ring = new FlowRing("n", _time);
        WriteMany(ring, 1_000);
        // A collection that another thread begins counts the rest of this thread's piece of heap as allocated.
        var allocated = Enumerable.Range(0, 5).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            WriteMany(ring, 10_000);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.Equal(0, allocated);
    }

    [Fact]
    public async Task Waking_a_follower_allocates_nothing_in_the_writer()
    {
        var ring = new FlowRing("n", _time);
        WriteMany(ring, 100);
        var allocated = 0L;
        for (var round = 0; round < 100; round++)
        {
            var follower = ring.WaitAsync(ring.Next, CancellationToken.None);
            var before = GC.GetAllocatedBytesForCurrentThread();
            WriteMany(ring, 3);
            var spent = GC.GetAllocatedBytesForCurrentThread() - before;
            // The pool's own queue may grow a segment now and then; the ring's part is nothing.
            allocated = round == 0 ? spent : Math.Min(allocated, spent);
            await follower;
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_full_ring_forgets_the_oldest()
    {
        var ring = new FlowRing("n", _time, capacity: 3);
        WriteMany(ring, 5);
        Assert.Equal((2L, 5L), (ring.Oldest, ring.Next));
        Assert.Equal(FlowReadResult.Overrun, new FlowCursor(ring).Read(1, out _));
        Assert.Equal(FlowReadResult.Read, new FlowCursor(ring).Read(2, out _));
        Assert.Equal(FlowReadResult.Read, new FlowCursor(ring).Read(4, out _));
        Assert.Equal(FlowReadResult.End, new FlowCursor(ring).Read(5, out _));
    }

    [Fact]
    public void What_the_deciding_documents_want_logged_is_in_the_flow()
    {
        var ring = new FlowRing("n", _time, capacity: 3);
        ring.Write(new FlowEvent { Kind = FlowKind.PolicyVerdict, Source = Sample.Xwing, Destination = Sample.DeathStar, LogValues = ["landing"] });
        _ = new FlowCursor(ring).Read(0, out var flow);
        Assert.Equal(["landing"], flow!.PolicyLog);
    }

    [Fact]
    public void Time_never_goes_back()
    {
        var ring = new FlowRing("n", _time, capacity: 3);
        ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
        _time.Now -= TimeSpan.FromHours(1);
        ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
        var cursor = new FlowCursor(ring);
        _ = cursor.Read(0, out var first);
        _ = cursor.Read(1, out var second);
        Assert.Equal(first!.Time, second!.Time);
    }

    [Fact]
    public async Task Several_writers_leave_whole_records()
    {
        var ring = new FlowRing("n", TimeProvider.System, capacity: 64);
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            var target = System.Text.Encoding.ASCII.GetBytes("/" + new string((char)('a' + writer), 100 + writer * 50));
            for (var i = 0; i < 5_000; i++)
                ring.Write(Sample.Request(FlowVerdict.Forwarded, "GET"u8, target));
        })).ToArray();

        var cursor = new FlowCursor(ring);
        while (!Task.WhenAll(writers).IsCompleted)
            AssertWhole(cursor, Math.Max(0, cursor.Next - 1));
        await Task.WhenAll(writers);
        Assert.Equal(20_000, ring.Next);
    }

    [Fact]
    public void A_target_too_long_for_its_slot_ends_visibly()
    {
        var target = System.Text.Encoding.ASCII.GetBytes("/" + new string('a', 5_000));
        var url = Sample.ToFlow(Sample.Request(FlowVerdict.Forwarded, "GET"u8, target)).L7.Http.Url;
        Assert.EndsWith("aaa…", url, StringComparison.Ordinal);
        Assert.True(url.Length <= FlowRecord.TextCapacity + "http://".Length);
    }

    [Fact]
    public void A_hostile_method_and_host_leave_room_for_each_other()
    {
        var flow = Sample.ToFlow(new FlowEvent
        {
            Kind = FlowKind.HttpRequest,
            Source = Sample.Xwing,
            Destination = Sample.DeathStar,
            Method = new byte[2_000].AsSpan(),
            Host = new byte[2_000].AsSpan(),
            Target = "/x"u8,
        });
        Assert.EndsWith("…/x", flow.L7.Http.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_waiting_follower_stops_when_told()
    {
        var ring = new FlowRing("n", _time);
        using var stop = new CancellationTokenSource();
        var follower = ring.WaitAsync(0, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => follower);
        WriteMany(ring, 1);
        await ring.WaitAsync(0, CancellationToken.None);
    }

    private static void AssertWhole(FlowCursor cursor, long sequence)
    {
        if (cursor.Read(sequence, out var flow) != FlowReadResult.Read)
            return;
        var path = flow!.L7.Http.Url.Split('/')[^1];
        Assert.Equal(100 + (path[0] - 'a') * 50, path.Length);
        Assert.Equal(path.Length, path.Count(c => c == path[0]));
    }

    private static void WriteMany(FlowRing ring, int count)
    {
        for (var i = 0; i < count; i++)
            ring.Write(Sample.Request(FlowVerdict.Forwarded, "POST"u8, "/v1/request-landing"u8));
    }
}
