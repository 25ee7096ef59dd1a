using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Federation;

public sealed class HeldBundleTests : IDisposable
{
    private static readonly TrustDomain Domain = new("b.test");

    private readonly TestAuthority _one = new("CN=one");
    private readonly TestAuthority _two = new("CN=two");
    private readonly HeldBundle _held = new();

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(7, null)]
    [InlineData(null, 7)]
    [InlineData(7, 8)]
    [InlineData(0, 1)]
    public void A_newer_bundle_takes_the_place_of_the_last(int? first, int? second)
    {
        Assert.Null(_held.Take(Document(first, _one)));
        Assert.Null(_held.Take(Document(second, _two)));

        Assert.True(_held.Current!.Bundle.IsRoot(_two.Certificate));
        Assert.False(_held.Current.Bundle.IsRoot(_one.Certificate));
        Assert.Equal((ulong?)second, _held.Current.Sequence);
    }

    [Theory]
    [InlineData(7, 6, "from sequence 7 to 6")]
    [InlineData(7, 0, "from sequence 7 to 0")]
    [InlineData(7, 7, "other keys under the same sequence 7")]
    public void An_older_bundle_is_not_taken(int first, int second, string why)
    {
        _held.Take(Document(first, _one));

        Assert.Contains(why, _held.Take(Document(second, _two)), StringComparison.Ordinal);

        Assert.True(_held.Current!.Bundle.IsRoot(_one.Certificate));
        Assert.Equal((ulong)first, _held.Current.Sequence);
    }

    [Fact]
    public void An_older_sequence_of_the_same_keys_is_not_taken_either()
    {
        _held.Take(Document(7, _one));

        Assert.NotNull(_held.Take(Document(6, _one)));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(null)]
    public void The_same_keys_in_any_order_stay_the_same_object(int? sequence)
    {
        _held.Take(Document(7, _one, _two));
        var before = _held.Current!.Bundle;

        Assert.Null(_held.Take(Document(sequence, _two, _one) with { RefreshHint = TimeSpan.FromSeconds(9) }));

        Assert.Same(before, _held.Current.Bundle);
        Assert.Equal(TimeSpan.FromSeconds(9), _held.Current.RefreshHint);
    }

    [Fact]
    public void A_key_less_or_more_is_another_bundle()
    {
        _held.Take(Document(1, _one, _two));
        Assert.NotNull(_held.Take(Document(1, _one)));
        Assert.NotNull(_held.Take(Document(1, _one, _one)));
        Assert.Null(_held.Take(Document(2, _one)));
        Assert.Single(_held.Current!.Bundle.Roots);
    }

    [Fact]
    public void A_bundle_without_keys_is_one()
    {
        _held.Take(Document(1, _one));
        Assert.Null(_held.Take(Document(2)));
        Assert.Empty(_held.Current!.Bundle.Roots);
    }

    private static BundleDocument Document(int? sequence, params TestAuthority[] roots) =>
        new(new TrustBundle(Domain, roots.Select(root => root.Certificate)), (ulong?)sequence, null);
}
