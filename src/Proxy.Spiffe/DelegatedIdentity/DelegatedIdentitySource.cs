using System.Threading.Channels;
using Grpc.Net.Client;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.DelegatedIdentity;

/// <summary>
/// SVIDs and bundles from SPIRE's Delegated Identity API, or from the embedded issuer, which speaks it too: one
/// stream per local workload and one for the bundles.
/// </summary>
public sealed class DelegatedIdentitySource : IIdentitySource
{
    private static readonly TimeSpan BundleStreamAge = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly GrpcChannel _channel;
    private readonly Protocol.DelegatedIdentity.DelegatedIdentityClient _client;
    private readonly Channel<bool> _dirty = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _disposed = new();
    private readonly SourceHealth _health;

    private Dictionary<string, TrackedWorkload> _workloads = new(StringComparer.Ordinal);
    private List<TrustBundle> _bundles = [];
    private CancellationToken? _running;
    private volatile IdentitySnapshot _current = IdentitySnapshot.Empty;

    /// <summary>Connects to nothing yet; <see cref="RunAsync"/> does.</summary>
    /// <param name="unixSocketPath">The agent's admin socket.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public DelegatedIdentitySource(string unixSocketPath, TimeProvider time, Action<string> log)
    {
        _time = time;
        _log = log;
        _health = new SourceHealth(unixSocketPath, log);
        _channel = AgentChannel.Open(unixSocketPath);
        _client = new Protocol.DelegatedIdentity.DelegatedIdentityClient(_channel);
    }

    /// <inheritdoc/>
    public event Action<IdentitySnapshot>? Changed;

    /// <inheritdoc/>
    public IdentitySnapshot Current => _current;

    /// <inheritdoc/>
    public bool IsConnected => _health.IsConnected;

    /// <inheritdoc/>
    public string? LastError => _health.LastError;

    /// <inheritdoc/>
    public void Track(IReadOnlyCollection<WorkloadReference> workloads)
    {
        lock (_lock)
        {
            var previous = _workloads;
            _workloads = new Dictionary<string, TrackedWorkload>(workloads.Count, StringComparer.Ordinal);
            foreach (var workload in workloads)
                _workloads[workload.Uid] = Keep(previous.GetValueOrDefault(workload.Uid), workload);
            foreach (var left in previous.Values.Where(left => !ReferenceEquals(_workloads.GetValueOrDefault(left.Reference.Uid), left)))
                Forget(left);
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposed.Token);
        lock (_lock)
        {
            if (_running is not null)
                throw new InvalidOperationException("The source runs already.");
            _running = both.Token;
            foreach (var workload in _workloads.Values)
                Start(workload);
        }

        await Task.WhenAll(SubscribeToBundles().RunAsync(both.Token), PublishAsync(both.Token));
        await StopAllAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested)
            return;
        await _disposed.CancelAsync();
        _channel.Dispose();
    }

    private TrackedWorkload Keep(TrackedWorkload? known, WorkloadReference workload)
    {
        if (known?.IsSameAs(workload) == true)
            return known;
        // Other selectors need another stream; until it answers, what the workload has stays its own.
        var tracked = new TrackedWorkload(workload) { Identity = known?.Identity };
        if (_running is not null)
            Start(tracked);
        return tracked;
    }

    private void Forget(TrackedWorkload workload)
    {
        workload.Stop();
        _health.Forget(workload.Reference.Uid);
        if (!_workloads.ContainsKey(workload.Reference.Uid))
            _dirty.Writer.TryWrite(true);
    }

    private void Start(TrackedWorkload workload)
    {
        var request = WorkloadSelectors.CreateRequest(workload.Reference);
        var subscription = new Subscription<SubscribeToX509SVIDsResponse>(
            workload.Reference.Uid,
            _time,
            stop => _client.SubscribeToX509SVIDs(request, cancellationToken: stop),
            response => Apply(workload, response),
            (subject, fault) => _health.Report(subject, $"the SVIDs of {workload.Subject}", fault));
        workload.Start(subscription.RunAsync, _running!.Value);
    }

    private Subscription<SubscribeToX509BundlesResponse> SubscribeToBundles() => new(
        SourceHealth.Bundles,
        _time,
        stop => _client.SubscribeToX509Bundles(new SubscribeToX509BundlesRequest(), cancellationToken: stop),
        Apply,
        (subject, fault) => _health.Report(subject, "the bundles", fault))
    {
        MaximumAge = BundleStreamAge, // SPIRE's agent never takes a trust domain off a stream that is open
    };

    private string? Apply(TrackedWorkload workload, SubscribeToX509SVIDsResponse response)
    {
        if (!ResponseReader.TryRead(response, out var identity, out var error))
            return error;
        lock (_lock)
        {
            if (identity.Svids.Count == 0 && workload.Identity is not { Svids.Count: 0 })
                _log($"identity: no SVID for {workload.Subject}: no registration entry matches it");
            // A stream that was opened again says the same once more; who built on the old objects goes on with them.
            if (workload.Identity?.HasSameContent(identity) == true)
                return null;
            workload.Identity = identity;
        }

        _dirty.Writer.TryWrite(true);
        return null;
    }

    private string? Apply(SubscribeToX509BundlesResponse response)
    {
        if (!ResponseReader.TryRead(response, out var bundles, out var error))
            return error;
        lock (_lock)
        {
            var merged = bundles.ConvertAll(bundle => _bundles.Find(known => known.HasSameContent(bundle)) ?? bundle);
            if (merged.Count == _bundles.Count && merged.TrueForAll(_bundles.Contains))
                return null;
            _bundles = merged;
        }

        _dirty.Writer.TryWrite(true);
        return null;
    }

    private async Task PublishAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var _ in _dirty.Reader.ReadAllAsync(stop))
                Publish(_current.Revision + 1);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }

    private void Publish(long revision)
    {
        try
        {
            _current = Capture(revision);
            Changed?.Invoke(_current);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug, ours or a listener's, must not end the flow of identities.
            _log($"identity: bug while publishing revision {revision}: {e}");
        }
    }

    private IdentitySnapshot Capture(long revision)
    {
        lock (_lock)
        {
            var workloads = _workloads.Values
                .Where(workload => workload.Identity is not null)
                .Select(workload => KeyValuePair.Create(workload.Reference.Uid, workload.Identity!));
            return new IdentitySnapshot(revision, workloads, _bundles, _time);
        }
    }

    private async Task StopAllAsync()
    {
        Task[] running;
        lock (_lock)
            running = [.. _workloads.Values.Select(workload => workload.Running).OfType<Task>()];
        await Task.WhenAll(running);
    }
}
