using Proxy.Engine;

namespace Proxy.Tests.Engine;

public sealed class TimerWheelTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(25)]
    [InlineData(26)]
    [InlineData(1000)]
    [InlineData(12_800)]
    [InlineData(60_000)]
    public void A_timer_fires_never_early_and_at_most_two_ticks_late(int milliseconds)
    {
        var wheel = new TimerWheel(_time);
        _time.Advance(TimeSpan.FromMilliseconds(13));
        var delay = TimeSpan.FromMilliseconds(milliseconds);
        var fired = TimeSpan.MaxValue;
        var elapsed = TimeSpan.Zero;
        wheel.Schedule(new WheelTimer(() => fired = elapsed), delay);
        for (; fired == TimeSpan.MaxValue && elapsed < delay * 2 + TimeSpan.FromSeconds(1); elapsed += TimeSpan.FromMilliseconds(1))
        {
            wheel.Advance();
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(fired, delay, delay + (2 * TimerWheel.Tick));
        Assert.Equal(0, wheel.Pending);
    }

    [Fact]
    public void After_a_long_pause_all_that_is_due_fires_and_nothing_else()
    {
        var wheel = new TimerWheel(_time);
        var fired = new List<int>();
        foreach (var seconds in new[] { 1, 5, 20, 30, 100 })
            wheel.Schedule(new WheelTimer(() => fired.Add(seconds)), TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromSeconds(60));
        wheel.Advance();

        fired.Sort();
        Assert.Equal([1, 5, 20, 30], fired);
        Assert.Equal(1, wheel.Pending);
    }

    [Fact]
    public void What_is_due_at_once_fires_in_several_passes_and_the_worker_does_not_sleep_in_between()
    {
        var wheel = new TimerWheel(_time);
        var fired = 0;
        for (var i = 0; i < (2 * TimerWheel.FireBatch) + 1; i++)
            wheel.Schedule(new WheelTimer(() => fired++), TimeSpan.FromSeconds(1));
        wheel.Schedule(new WheelTimer(() => fired++), TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(2));
        foreach (var (expected, sleep) in new[] { (TimerWheel.FireBatch, 0), (2 * TimerWheel.FireBatch, 0), ((2 * TimerWheel.FireBatch) + 1, 25) })
        {
            wheel.Advance();
            Assert.Equal((expected, sleep), (fired, wheel.MillisecondsToNext()));
        }
    }

    [Fact]
    public void A_timer_that_fails_or_cancels_others_keeps_nobody_from_firing()
    {
        var wheel = new TimerWheel(_time);
        var fired = new List<string>();
        var cancelled = new WheelTimer(() => fired.Add("cancelled"));
        wheel.Schedule(new WheelTimer(() => wheel.Cancel(cancelled)), TimeSpan.FromSeconds(1));
        wheel.Schedule(new WheelTimer(() => throw new FormatException("a bug")), TimeSpan.FromSeconds(1));
        wheel.Schedule(cancelled, TimeSpan.FromSeconds(1));
        wheel.Schedule(new WheelTimer(() => fired.Add("last")), TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Throws<FormatException>(wheel.Advance);
        wheel.Advance();
        Assert.Equal(["last"], fired);
        Assert.Equal(0, wheel.Pending);
    }

    [Fact]
    public void A_timer_set_after_idleness_waits_its_time()
    {
        var wheel = new TimerWheel(_time);
        _time.Advance(TimeSpan.FromHours(1));
        var fired = false;
        wheel.Schedule(new WheelTimer(() => fired = true), TimeSpan.FromSeconds(1));
        wheel.Advance();
        _time.Advance(TimeSpan.FromMilliseconds(900));
        wheel.Advance();
        Assert.False(fired);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        wheel.Advance();
        Assert.True(fired);
    }

    [Fact]
    public void A_timer_may_cancel_its_neighbours_and_set_itself_again()
    {
        var wheel = new TimerWheel(_time);
        var fired = 0;
        var neighbours = new List<WheelTimer>();
        WheelTimer? self = null;
        self = new WheelTimer(() =>
        {
            fired++;
            neighbours.ForEach(wheel.Cancel);
            wheel.Schedule(self!, TimeSpan.FromSeconds(1));
        });
        wheel.Schedule(self, TimeSpan.FromSeconds(1));
        for (var i = 0; i < 3; i++)
        {
            neighbours.Add(new WheelTimer(() => fired += 100));
            wheel.Schedule(neighbours[i], TimeSpan.FromSeconds(1));
        }

        _time.Advance(TimeSpan.FromSeconds(1.1));
        wheel.Advance();
        Assert.Equal((1, 1), (fired, wheel.Pending));
    }

    [Fact]
    public void Without_timers_the_worker_sleeps_without_limit()
    {
        var wheel = new TimerWheel(_time);
        Assert.Equal(-1, wheel.MillisecondsToNext());
        var timer = new WheelTimer(() => { });
        wheel.Schedule(timer, TimeSpan.FromSeconds(1));
        Assert.Equal(25, wheel.MillisecondsToNext());
        wheel.Cancel(timer);
        wheel.Cancel(timer);
        Assert.Equal(-1, wheel.MillisecondsToNext());
    }
}
