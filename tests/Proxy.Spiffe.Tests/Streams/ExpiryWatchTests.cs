using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Streams;

public sealed class ExpiryWatchTests : IDisposable
{
    private const string Pod = "default/a";

    private readonly FakeTimeProvider _time = new(TestAuthority.Now);
    private readonly CertificateAuthority _authority;
    private readonly List<string> _log = [];
    private readonly List<(string Subject, X509Svid Svid)> _held = [];
    private readonly ExpiryWatch _watch;

    public ExpiryWatchTests()
    {
        _authority = CertificateAuthority.Create(new TrustDomain("td"), _time);
        _watch = new ExpiryWatch(() => _held, _time, _log.Add);
    }

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void An_svid_that_expires_is_told_of_once()
    {
        Hold(Pod, "a", TimeSpan.FromMinutes(5));
        _watch.Look();
        Assert.Empty(_log);

        _time.Advance(TimeSpan.FromMinutes(6));
        _watch.Look();
        _watch.Look();

        var line = Assert.Single(_log);
        Assert.StartsWith("identity: the SVID of default/a expired at 2026-11-22 12:05:00Z", line, StringComparison.Ordinal);
        Assert.Contains("spiffe://td/a", line, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_another_has_taken_the_place_of_is_nobodys_loss()
    {
        Hold(Pod, "a", TimeSpan.FromMinutes(5));
        Hold(Pod, "a", TimeSpan.FromHours(1));
        Hold("default/b", "a", TimeSpan.FromMinutes(5));

        _time.Advance(TimeSpan.FromMinutes(6));
        _watch.Look();

        Assert.Contains("default/b", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_looks_by_itself()
    {
        using var stop = new CancellationTokenSource();
        Hold(Pod, "a", TimeSpan.FromMinutes(5));
        var running = _watch.RunAsync(stop.Token);

        _time.Advance(TimeSpan.FromMinutes(6));
        await stop.CancelAsync();
        await running;

        Assert.Single(_log);
    }

    private void Hold(string subject, string name, TimeSpan lifetime)
    {
        var issued = _authority.Issue(SpiffeId.Parse($"spiffe://td/{name}"), lifetime);
        Assert.True(X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out var svid, out var error), error);
        _held.Add((subject, svid));
    }
}
