using Proxy.Spiffe.Federation;

namespace Proxy.Spiffe.Tests.Federation;

public class RefreshScheduleTests
{
    private readonly RefreshSchedule _schedule = new();

    [Theory]
    [InlineData(null, 300)]
    [InlineData(0.5, 1)]
    [InlineData(1.0, 1)]
    [InlineData(2.0, 2)]
    [InlineData(3599.0, 3599)]
    [InlineData(3600.0, 3600)]
    [InlineData(3601.0, 3600)]
    [InlineData(366 * 86400.0, 3600)]
    public void A_hint_is_followed_within_bounds(double? hint, double seconds)
    {
        var given = hint is { } value ? TimeSpan.FromSeconds(value) : (TimeSpan?)null;

        Assert.Equal(TimeSpan.FromSeconds(seconds), _schedule.AfterSuccess(given, 1));
        Assert.Equal(TimeSpan.FromSeconds(seconds * 0.9), _schedule.AfterSuccess(given, 0));
    }

    [Fact]
    public void Without_a_bundle_the_waits_grow_to_the_usual_one()
    {
        Assert.Equal([2.0, 4, 8, 16, 32, 64, 128, 256, 300, 300], Enumerable.Range(0, 10).Select(_ => _schedule.AfterFailure(1).TotalSeconds));
        Assert.Equal(240, _schedule.AfterFailure(0).TotalSeconds);
    }

    [Fact]
    public void With_a_bundle_a_failure_waits_for_the_next_time()
    {
        _schedule.AfterFailure(1);
        _schedule.AfterSuccess(TimeSpan.FromSeconds(600), 1);

        Assert.Equal([600.0, 600, 600], Enumerable.Range(0, 3).Select(_ => _schedule.AfterFailure(1).TotalSeconds));
    }

    [Fact]
    public void An_endpoint_that_is_asked_very_often_is_asked_less_while_it_fails_and_as_often_afterwards()
    {
        _schedule.AfterSuccess(TimeSpan.FromSeconds(5), 1);

        Assert.Equal([5.0, 10, 20, 40, 60, 60], Enumerable.Range(0, 6).Select(_ => _schedule.AfterFailure(1).TotalSeconds));
        Assert.Equal(5, _schedule.AfterSuccess(TimeSpan.FromSeconds(5), 1).TotalSeconds);
        Assert.Equal(5, _schedule.AfterFailure(1).TotalSeconds);
    }
}
