using Proxy.Issuer;
using Proxy.Spiffe;

namespace Proxy.Tests.Issuer;

public sealed class RegistrationFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("registration-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // Nothing tells of it: neither its time nor its length is another one then.
    [Fact]
    public void What_could_not_be_read_is_read_when_it_can_be()
    {
        var path = Path.Combine(_directory, "entries.yaml");
        File.WriteAllText(path, "entries:\n  - spiffeId: spiffe://td/a\n    selectors: [\"unix:uid:0\"]\n");
        var log = new List<string>();
        var file = new RegistrationFile(path, new EntriesFormat(new TrustDomain("td")).Read, log.Add);
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.False(file.Refresh(force: false));
            Assert.False(file.Refresh(force: false));
        }

        Assert.Contains("stay in force", Assert.Single(log), StringComparison.Ordinal);
        Assert.True(file.Refresh(force: false));
        Assert.Single(file.Content.Entries);
    }
}
