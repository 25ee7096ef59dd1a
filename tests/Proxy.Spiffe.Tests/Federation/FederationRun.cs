using System.Collections.Concurrent;
using System.Security.Cryptography;
using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Federation;

/// <summary>A federated source that runs for one test in virtual time, and its log.</summary>
internal sealed class FederationRun : IAsyncDisposable
{
    public static readonly TrustDomain Own = new("a.test");

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _log = new();
    private Task _running = Task.CompletedTask;

    public FederationRun(FederationOptions options) => Source = new FederatedIdentitySource(Inner, options, Time, _log.Enqueue);

    public VirtualTime Time { get; } = new();

    public HeldSource Inner { get; } = new();

    public FederatedIdentitySource Source { get; }

    public IReadOnlyList<string> Log => [.. _log];

    public FederationState State => Assert.Single(Source.Federation);

    public static X509Svid SvidOf(TestAuthority authority, string id)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.True(X509Svid.TryParse([authority.Issue(new TestLeaf(id), key).RawData], key.ExportPkcs8PrivateKey(), out var svid, out var error), error);
        return svid;
    }

    public void Start() => _running = Source.RunAsync(_stop.Token);

    /// <summary>Waits until a fetch is over; gives how long the next one is waited for.</summary>
    public Task<TimeSpan> FetchedAsync() => Time.WaitAsync();

    /// <summary>Moves on to the next fetch and waits until it is over.</summary>
    public async Task<TimeSpan> NextAsync(TimeSpan wait)
    {
        Time.Advance(wait);
        return await FetchedAsync();
    }

    public async Task<IdentitySnapshot> UntilAsync(Func<IdentitySnapshot, bool> condition)
    {
        var reached = new TaskCompletionSource<IdentitySnapshot>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(IdentitySnapshot snapshot)
        {
            if (condition(snapshot))
                reached.TrySetResult(snapshot);
        }

        Source.Changed += Look;
        Look(Source.Current);
        try
        {
            return await reached.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The state was not reached. Log:\n{string.Join('\n', _log)}");
        }
        finally
        {
            Source.Changed -= Look;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await Source.DisposeAsync();
        Assert.True(Inner.IsDisposed);
        _stop.Dispose();
    }
}
