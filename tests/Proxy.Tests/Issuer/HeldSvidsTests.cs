using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Proxy.Issuer;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Tests.Issuer;

/// <summary>Clocks are set and machines sleep: no timer tells of it.</summary>
public sealed class HeldSvidsTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly SpiffeId[] Ids = [SpiffeId.Parse("spiffe://td/alice")];

    private readonly FakeTimeProvider _time = new(Start);
    private readonly string _parent = Directory.CreateTempSubdirectory("held-svids-").FullName;
    private readonly RotatingAuthority _authority;
    private readonly HeldSvids _held;

    public HeldSvidsTests()
    {
        _authority = RotatingAuthority.Open(Path.Combine(_parent, "state"), new TrustDomain("td"), TimeSpan.FromDays(10), _time);
        _time.AdjustTime(Start + TimeSpan.FromDays(1));
        _held = new HeldSvids(_authority, Life, _time);
        Assert.True(_held.Update(Ids));
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_parent, recursive: true);
    }

    [Fact]
    public void A_clock_that_was_set_is_noticed_within_10_seconds() =>
        Assert.InRange(_held.UntilRotation, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));

    [Theory]
    [InlineData(0, false)]
    [InlineData(1740, false)]
    [InlineData(1860, true)]
    [InlineData(86_400, true)]
    [InlineData(-20, false)] // what was signed before is valid from a little earlier on
    [InlineData(-60, true)]
    [InlineData(-600, true)]
    public void What_the_clock_leaves_behind_is_made_anew(int seconds, bool isNew)
    {
        var before = _held.Svids.Single();
        _time.AdjustTime(_time.GetUtcNow() + TimeSpan.FromSeconds(seconds));

        Assert.Equal(isNew, _held.Update(Ids));

        var now = _held.Svids.Single();
        Assert.Equal(isNew, !ReferenceEquals(before, now));
        Assert.True(now.NotBefore <= _time.GetUtcNow() && _time.GetUtcNow() < now.ExpiresAt);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    public void Outside_the_authoritys_time_it_is_said_why_there_is_none(int days)
    {
        _time.AdjustTime(Start + TimeSpan.FromDays(days));

        var fault = Assert.Throws<RpcException>(() => _held.Update(Ids));

        Assert.Equal(StatusCode.Unavailable, fault.StatusCode);
        Assert.Contains("authority of td", fault.Status.Detail, StringComparison.Ordinal);
    }
}
