using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Issuing;

public sealed class RotatingAuthorityTests : IDisposable
{
    private static readonly TrustDomain Domain = new("td");
    private static readonly SpiffeId Alice = SpiffeId.Parse("spiffe://td/alice");
    private static readonly TimeSpan Life = TimeSpan.FromDays(12);
    private static readonly TimeSpan Svid = TimeSpan.FromDays(1);

    private readonly FakeTimeProvider _time = new(TestAuthority.Now);
    private readonly string _parent = Directory.CreateTempSubdirectory("spiffe-rotating-").FullName;

    [Fact]
    public void At_half_of_its_life_the_next_one_is_published_and_does_not_sign()
    {
        using var authority = Open();
        var first = Root(authority);
        _time.Advance(TimeSpan.FromDays(6) - TimeSpan.FromSeconds(1));
        Assert.False(authority.Advance());

        _time.Advance(TimeSpan.FromSeconds(1));
        var replaced = authority.Replaced;
        Assert.True(authority.Advance());

        Assert.True(replaced.IsCompleted);
        Assert.Equal(2, authority.Bundle.Roots.Count);
        Assert.True(IsSignedBy(authority, first));
        Assert.Equal(TestAuthority.Now + TimeSpan.FromDays(10), authority.NextChange);
    }

    [Fact]
    public void At_five_sixths_the_next_one_signs_and_the_former_is_believed_until_it_ends()
    {
        using var authority = Open();
        var first = Root(authority);
        Advance(authority, 6);
        Advance(authority, 4);

        Assert.Equal(2, authority.Bundle.Roots.Count);
        Assert.False(IsSignedBy(authority, first));
        Assert.Contains(first, Thumbprints(authority));
        Advance(authority, 2);
        Assert.DoesNotContain(first, Thumbprints(authority));
    }

    [Fact]
    public void Whatever_was_signed_is_believed_for_as_long_as_it_is_valid()
    {
        using var authority = Open();
        var issued = new List<IssuedSvid>();
        for (var hours = 0; hours < 24 * 40; hours += 6)
        {
            authority.Advance();
            issued.Add(authority.Issue(Alice, Svid));
            Assert.All(issued.Where(svid => _time.GetUtcNow() < svid.ExpiresAt), svid => Assert.True(IsBelieved(svid, authority.Bundle)));
            Assert.Equal(_time.GetUtcNow() + Svid, issued[^1].ExpiresAt);
            _time.Advance(TimeSpan.FromHours(6));
        }
    }

    [Fact]
    public void The_key_of_the_former_one_is_gone()
    {
        using var authority = Open();
        Advance(authority, 6);
        var before = Keys();
        Advance(authority, 4);

        Assert.Equal(2, before.Length);
        Assert.Single(Keys());
        Assert.DoesNotContain(Directory.GetFileSystemEntries(State), path => Path.GetFileName(path).StartsWith('.'));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(6, 2)]
    [InlineData(10, 2)]
    [InlineData(11, 2)]
    [InlineData(12, 2)]
    public void A_restart_changes_nothing(int days, int roots)
    {
        using var authority = Open();
        for (var day = 0; day < days; day++)
            Advance(authority, 1);
        var root = Root(authority);
        authority.Dispose();

        using var again = Open();

        Assert.Equal(Thumbprints(authority), Thumbprints(again));
        Assert.Equal((root, roots), (Root(again), again.Bundle.Roots.Count));
        Assert.Equal(authority.NextChange, again.NextChange);
    }

    [Fact]
    public void Stopped_between_two_renames_it_goes_on_with_the_next_one()
    {
        using var authority = Open();
        Advance(authority, 6);
        var next = authority.Bundle.Roots[1].Thumbprint;
        Directory.Move(Path.Combine(State, "ca"), Path.Combine(State, ".ca-x"));
        authority.Dispose();

        using var again = Open();

        Assert.Equal(next, Root(again));
        Assert.Single(Keys());
    }

    [Fact]
    public void Away_at_half_time_it_publishes_the_next_one_before_it_signs_with_it()
    {
        using var authority = Open();
        var first = Root(authority);
        Advance(authority, 10.5);

        Assert.Equal(2, authority.Bundle.Roots.Count);
        Assert.True(IsSignedBy(authority, first));
        Advance(authority, 1);
        Assert.False(IsSignedBy(authority, first));
    }

    [Fact]
    public void A_retired_certificate_that_cannot_be_read_is_told_with_what_to_do()
    {
        using (var authority = Open())
        {
            Advance(authority, 6);
            Advance(authority, 4);
        }

        var path = Directory.GetFiles(Path.Combine(State, "retired")).Single();
        File.WriteAllText(path, "nonsense");

        Assert.Contains($"{path} cannot be read", Assert.Throws<AuthorityStoreException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Stopped_before_the_first_rename_it_signs_with_the_former_one_until_it_goes_on(bool isWhole)
    {
        var authority = Open();
        Advance(authority, 6);
        var roots = Thumbprints(authority).ToArray();
        var serial = authority.Bundle.Roots[0].SerialNumber;
        var pem = authority.Bundle.Roots[0].ExportCertificatePem();
        authority.Dispose();
        var retired = Directory.CreateDirectory(Path.Combine(State, "retired")).FullName;
        File.WriteAllText(Path.Combine(retired, $"{serial}.pem"), isWhole ? pem : pem[..20]);

        using var again = Open();

        Assert.Equal(roots, Thumbprints(again));
        Advance(again, 4);
        Assert.Equal([roots[1], roots[0]], Thumbprints(again));
        Assert.Equal(pem.Trim(), File.ReadAllText(Path.Combine(retired, $"{serial}.pem")).Trim());
    }

    [Theory]
    [InlineData(6)]
    [InlineData(10)]
    public void What_could_not_be_kept_is_done_when_it_can_be(int days)
    {
        using var authority = Open();
        for (var day = 0; day < days - 1; day++)
            Advance(authority, 1);
        var roots = authority.Bundle.Roots.Count;
        // In the way of the file that the number of the bundle is written to, after all else is done.
        var obstacle = Directory.CreateDirectory(Path.Combine(State, "sequence.new")).FullName;
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Throws<AuthorityStoreException>(() => authority.Advance());
        Assert.Throws<AuthorityStoreException>(() => authority.Advance());
        Assert.Equal(roots, authority.Bundle.Roots.Count);
        Directory.Delete(obstacle);

        Assert.True(authority.Advance());

        Assert.Equal(2, authority.Bundle.Roots.Count);
        var known = Thumbprints(authority).ToArray();
        authority.Dispose();
        using var again = Open();
        Assert.Equal(known, Thumbprints(again));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(State), path => Path.GetFileName(path).StartsWith('.'));
    }

    [Fact]
    public void Two_do_not_replace_the_authorities_of_one_directory()
    {
        using (var authority = Open())
            Assert.Contains(State, Assert.Throws<AuthorityStoreException>(() => Open()).Message, StringComparison.Ordinal);

        Open().Dispose();
    }

    [Fact]
    public void By_a_clock_that_was_set_back_nothing_is_signed()
    {
        using var authority = Open();
        Assert.Null(authority.Fault);

        _time.AdjustTime(TestAuthority.Now - TimeSpan.FromHours(1));
        Assert.Contains("which the clock says", authority.Fault, StringComparison.Ordinal);
        authority.Dispose();
        Assert.Contains("look at the clock", Assert.Throws<AuthorityStoreException>(() => Open()).Message, StringComparison.Ordinal);

        _time.AdjustTime(TestAuthority.Now);
        Open().Dispose();
    }

    [Fact]
    public void After_a_sleep_of_years_another_one_signs()
    {
        using var authority = Open();
        _time.AdjustTime(TestAuthority.Now + (4 * Life));
        Assert.NotNull(authority.Fault);

        Assert.True(authority.Advance());

        Assert.Null(authority.Fault);
        Assert.True(IsBelieved(authority.Issue(Alice, Svid), authority.Bundle));
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private string State => Path.Combine(_parent, "state");

    private RotatingAuthority Open() => RotatingAuthority.Open(State, Domain, Life, _time);

    private string[] Keys() => Directory.GetFiles(State, "key.pem", SearchOption.AllDirectories);

    private void Advance(RotatingAuthority authority, double days)
    {
        _time.Advance(TimeSpan.FromDays(days));
        authority.Advance();
    }

    private static string Root(RotatingAuthority authority) => authority.Bundle.Roots[0].Thumbprint;

    private static IEnumerable<string> Thumbprints(RotatingAuthority authority) => authority.Bundle.Roots.Select(root => root.Thumbprint);

    private bool IsSignedBy(RotatingAuthority authority, string root)
    {
        var one = new TrustBundle(Domain, authority.Bundle.Roots.Where(certificate => certificate.Thumbprint == root));
        return IsBelieved(authority.Issue(Alice, Svid), one);
    }

    private bool IsBelieved(IssuedSvid issued, TrustBundle bundle)
    {
        using var leaf = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(issued.Certificate.Span);
        return SvidVerifier.Verify([leaf], _ => bundle, _time.GetUtcNow()).IsValid;
    }
}
