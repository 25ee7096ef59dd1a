using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Lifetime;

/// <summary>How long a proof counts after the SVIDs in it have expired.</summary>
public sealed class SvidAgesTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly SetDate _date = new();

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public void A_proof_is_over_at_its_limit_and_not_before(long ticks, bool isOver)
    {
        var (ages, proof) = (new SvidAges(Limit, _date), ProofUntil(_date.Now + TimeSpan.FromHours(1)));
        ages.Follow(proof);
        _date.Now = proof.ExpiresAt + Limit + TimeSpan.FromTicks(ticks);
        Assert.Equal((isOver, isOver), (ages.IsOver(proof), ages.IsDue));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    public void Without_any_time_past_expiry_it_is_over_when_it_expires(long ticks, bool isOver)
    {
        var proof = ProofUntil(_date.Now + TimeSpan.FromHours(1));
        _date.Now = proof.ExpiresAt + TimeSpan.FromTicks(ticks);
        Assert.Equal(isOver, new SvidAges(TimeSpan.Zero, _date).IsOver(proof));
    }

    [Fact]
    public void What_expires_first_is_due_first_and_nothing_is_due_when_nobody_is_followed()
    {
        var ages = new SvidAges(Limit, _date);
        var (early, late) = (ProofUntil(_date.Now.AddHours(1)), ProofUntil(_date.Now.AddHours(2)));
        ages.Follow(late);
        ages.Follow(early);
        ages.Follow(late);
        _date.Now = early.ExpiresAt + Limit;
        Assert.True(ages.IsDue);
        ages.Forget();
        Assert.False(ages.IsDue);
        ages.Follow(late);
        Assert.False(ages.IsDue);
    }

    [Fact]
    public void What_never_expires_is_never_over()
    {
        var (ages, proof) = (new SvidAges(TimeSpan.FromDays(30), _date), ProofUntil(DateTimeOffset.MaxValue));
        ages.Follow(proof);
        Assert.Equal((false, false), (ages.IsOver(proof), ages.IsDue));
    }

    private static ConnectionProof ProofUntil(DateTimeOffset expiry) =>
        new(TestPki.ClientId, TestPki.ServerId, true, true) { ExpiresAt = expiry };
}
