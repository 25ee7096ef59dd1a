using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.Issuing;

namespace Proxy.Spiffe.Tests.Issuing;

public sealed class AuthorityStoreTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TrustDomain Domain = new("td");

    private readonly FakeTimeProvider _time = new(TestAuthority.Now);
    private readonly string _parent = Directory.CreateTempSubdirectory("spiffe-store-").FullName;
    private readonly string _directory;

    public AuthorityStoreTests() => _directory = Path.Combine(_parent, "state");

    private string Certificate => Path.Combine(_directory, "ca", "certificate.pem");

    private string Key => Path.Combine(_directory, "ca", "key.pem");

    [Fact]
    public void A_new_authority_is_private_and_whole()
    {
        Open().Dispose();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
        Assert.Equal([Path.GetDirectoryName(Key)], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public void The_authority_is_the_same_after_a_restart()
    {
        using var first = Open();
        using var second = Open();
        Assert.Equal(first.RootCertificate.ToArray(), second.RootCertificate.ToArray());
        second.Issue(SpiffeId.Parse("spiffe://td/alice"), TimeSpan.FromHours(1));
    }

    [Fact]
    public void A_directory_open_to_others_is_refused_with_what_to_do()
    {
        Open().Dispose();
        File.SetUnixFileMode(_directory, OwnerOnly | UnixFileMode.GroupExecute);
        Assert.Contains($"chmod 700 {_directory}", Assert.Throws<AuthorityStoreException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_open_to_others_is_refused()
    {
        Open().Dispose();
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<AuthorityStoreException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_do_not_belong_together_are_refused()
    {
        Open().Dispose();
        var key = File.ReadAllText(Key);
        Directory.Delete(Path.GetDirectoryName(Key)!, recursive: true);
        Open().Dispose();
        File.WriteAllText(Key, key);
        var message = Assert.Throws<AuthorityStoreException>(Open).Message;
        Assert.Contains("are not the certificate and the key of one authority", message, StringComparison.Ordinal);
        File.WriteAllText(Key, "nonsense");
        Assert.Throws<AuthorityStoreException>(Open);
    }

    [Fact]
    public void Half_an_authority_is_refused_not_replaced()
    {
        Open().Dispose();
        File.Delete(Certificate);
        Assert.Contains($"{Certificate} is missing", Assert.Throws<AuthorityStoreException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_authority_of_another_trust_domain_is_refused()
    {
        Open().Dispose();
        Assert.Throws<AuthorityStoreException>(() => AuthorityStore.Open(_directory, new TrustDomain("other"), _time));
    }

    [Fact]
    public void An_expired_authority_is_refused()
    {
        Open().Dispose();
        _time.Advance(CertificateAuthority.Lifetime);
        Assert.Contains("expired", Assert.Throws<AuthorityStoreException>(Open).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private CertificateAuthority Open() => AuthorityStore.Open(_directory, Domain, _time);
}
