using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class KnownChainsTests : IDisposable
{
    private readonly TestPki _pki = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    public void Dispose() => _pki.Dispose();

    [Fact]
    public void A_chain_is_looked_at_once()
    {
        var first = VerifierOf(TestPki.ServerId);
        Assert.True(first.Judge(Presented, isServer: false));
        var second = VerifierOf(TestPki.ServerId);
        Assert.True(second.Judge(Presented, isServer: false));

        Assert.Same(first.Found!.Value.Id, second.Found!.Value.Id);
        Assert.Same(first.Root, second.Root);
        Assert.Equal(first.ExpiresAt, second.ExpiresAt);
        Assert.Equal(1, KnownChains.Of(_pki.Bundle).Count);
    }

    [Fact]
    public void Whoever_is_known_and_not_expected_is_refused_with_the_reason()
    {
        Assert.True(VerifierOf(TestPki.ServerId).Judge(Presented, isServer: false));
        var verifier = VerifierOf(TestPki.ClientId);
        Assert.False(verifier.Judge(Presented, isServer: false));
        Assert.Equal(SvidFault.UnexpectedId, verifier.Found!.Value.Fault);
    }

    [Fact]
    public void What_was_refused_is_not_known()
    {
        Assert.False(VerifierOf(TestPki.ClientId).Judge(Presented, isServer: false));
        using var stranger = new TestPki();
        Assert.False(VerifierOf(TestPki.ServerId).Judge([stranger.Server.Certificate.RawData], isServer: false));
        Assert.False(VerifierOf(TestPki.ServerId).Judge([], isServer: false));
        Assert.False(VerifierOf(TestPki.ServerId).Judge([[1, 2, 3]], isServer: false));
        Assert.Equal(0, KnownChains.Of(_pki.Bundle).Count);
    }

    [Fact]
    public void What_one_bundle_knows_another_does_not()
    {
        Assert.True(VerifierOf(TestPki.ServerId).Judge(Presented, isServer: false));
        var withdrawn = new PeerVerifier(new TrustBundle(TestPki.Domain, []), TestPki.ServerId, _time);
        Assert.False(withdrawn.Judge(Presented, isServer: false));
    }

    [Fact]
    public void By_the_newest_bundle_it_is_known_to_that_one_only()
    {
        var former = new TrustBundle(TestPki.Domain, []);
        Assert.True(new PeerVerifier(former, TestPki.ServerId, _time) { Newest = () => _pki.Bundle }.Judge(Presented, isServer: false));
        Assert.Equal((0, 1), (KnownChains.Of(former).Count, KnownChains.Of(_pki.Bundle).Count));
    }

    [Fact]
    public void It_holds_from_the_look_to_the_end_of_the_first_certificate()
    {
        Assert.True(VerifierOf(TestPki.ServerId).Judge(Presented, isServer: false));
        var known = KnownChains.Of(_pki.Bundle);
        var chain = KnownChains.HashOf(Presented, isServer: false);
        var (found, end) = (_time.GetUtcNow(), _pki.Server.Certificate.NotAfter.ToUniversalTime());

        Assert.Null(known.Find(chain, found.AddTicks(-1)));
        Assert.NotNull(known.Find(chain, found));
        Assert.NotNull(known.Find(chain, known.Find(chain, found)!.Value.ExpiresAt.AddTicks(-1)));
        Assert.Null(known.Find(chain, known.Find(chain, found)!.Value.ExpiresAt));
        Assert.InRange(known.Find(chain, found)!.Value.ExpiresAt, end, end.AddSeconds(1));
    }

    [Fact]
    public void An_expired_chain_that_is_known_is_refused()
    {
        Assert.True(VerifierOf(TestPki.ServerId).Judge(Presented, isServer: false));
        _time.Advance(TimeSpan.FromHours(2));
        var verifier = VerifierOf(TestPki.ServerId);
        Assert.False(verifier.Judge(Presented, isServer: false));
        Assert.Equal(SvidFault.Expired, verifier.Found!.Value.Fault);
    }

    [Fact]
    public void No_two_chains_have_one_hash()
    {
        byte[] one = [1, 2], other = [3];
        ChainHash[] hashes =
        [
            KnownChains.HashOf([one, other], false), KnownChains.HashOf([one, other], true), KnownChains.HashOf([other, one], false),
            KnownChains.HashOf([one], false), KnownChains.HashOf([[1], [2], other], false), KnownChains.HashOf([[1], [2, 3]], false),
            KnownChains.HashOf([[1, 2, 3]], false), KnownChains.HashOf([one, other, []], false), KnownChains.HashOf([[], one, other], false),
        ];
        Assert.Distinct(hashes);
        Assert.Equal(hashes[0], KnownChains.HashOf([[1, 2], [3]], false));
    }

    [Fact]
    public void At_the_limit_all_are_forgotten()
    {
        var known = KnownChains.Of(_pki.Bundle);
        for (var i = 0; i < KnownChains.Most; i++)
        {
            Assert.Equal(i, known.Count);
            known.Remember(KnownChains.HashOf([BitConverter.GetBytes(i)], false), default, _time.GetUtcNow());
        }

        Assert.Equal(KnownChains.Most, known.Count);
        known.Remember(default, default, _time.GetUtcNow());
        Assert.Equal(1, known.Count);
    }

    private byte[][] Presented => [_pki.Server.Certificate.RawData];

    private PeerVerifier VerifierOf(SpiffeId expected) => new(_pki.Bundle, expected, _time);
}
