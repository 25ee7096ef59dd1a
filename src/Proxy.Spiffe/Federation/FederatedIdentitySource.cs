using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Federation;

/// <summary>
/// A source with the bundles of federated trust domains beside its own. All local workloads believe them. Where the source
/// gives a bundle of the same trust domain, its own counts; of the trust domain of an SVID that it gives, no other ever does.
/// </summary>
public sealed class FederatedIdentitySource : IIdentitySource
{
    private readonly IIdentitySource _source;
    private readonly Dictionary<TrustDomain, TrustBundle> _initial;
    private readonly Dictionary<TrustDomain, BundlePoller> _pollers;
    private readonly Action<string> _log;
    private readonly HashSet<TrustDomain> _given = [];
    private readonly SnapshotPublisher _publisher;

    /// <summary>Connects to nothing yet; <see cref="RunAsync"/> does.</summary>
    /// <param name="source">The source; ends with this one.</param>
    /// <param name="options">Whose bundles are fetched.</param>
    /// <param name="time">The clock of validity and of the times between fetches.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    /// <exception cref="ArgumentException">A trust domain is given twice.</exception>
    public FederatedIdentitySource(IIdentitySource source, FederationOptions options, TimeProvider time, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        _source = source;
        _log = log;
        _publisher = new SnapshotPublisher(Capture, log);
        _initial = options.InitialBundles.ToDictionary(bundle => bundle.TrustDomain);
        var client = new BundleClient(options, FindEndpointBundle, time);
        _pollers = options.Domains.ToDictionary(domain => domain.TrustDomain, domain => new BundlePoller(domain, client, _publisher.MarkDirty, time, log));
        _source.Changed += _ => _publisher.MarkDirty();
    }

    /// <inheritdoc/>
    public event Action<IdentitySnapshot>? Changed
    {
        add => _publisher.Changed += value;
        remove => _publisher.Changed -= value;
    }

    /// <inheritdoc/>
    public IdentitySnapshot Current => _publisher.Current;

    /// <inheritdoc/>
    public bool IsConnected => _source.IsConnected;

    /// <inheritdoc/>
    public string? LastError => _source.LastError ?? _pollers.Values.Select(poller => poller.LastError).FirstOrDefault(error => error is not null);

    /// <inheritdoc/>
    /// <remarks>Of the source; what is wrong with a federated trust domain is in <see cref="Federation"/>.</remarks>
    public IReadOnlyList<SourceFault> Faults => _source.Faults;

    /// <inheritdoc/>
    public DateTimeOffset? LastHeard => _source.LastHeard;

    /// <summary>How it stands with each federated trust domain, in the order of their names.</summary>
    public IReadOnlyList<FederationState> Federation =>
    [
        .. _pollers.Values
            .Select(poller => poller.State with { IsGivenBySource = IsGiven(_source.Current, poller.State.Domain.TrustDomain) })
            .OrderBy(state => state.Domain.TrustDomain.Name, StringComparer.Ordinal),
    ];

    /// <inheritdoc/>
    public void Track(IReadOnlyCollection<WorkloadReference> workloads) => _source.Track(workloads);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        _publisher.MarkDirty();
        await Task.WhenAll([_source.RunAsync(stop), _publisher.RunAsync(stop), .. _pollers.Values.Select(poller => Task.Run(() => poller.RunAsync(stop), CancellationToken.None))]);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary>
    /// What the server of an endpoint is known by: the latest bundle of its ID's trust domain, whether that was fetched or
    /// comes from the source; only before there is one, what the operator gave (SPIFFE Federation, section 5.2.2).
    /// </summary>
    private TrustBundle? FindEndpointBundle(FederatedDomain endpoint)
    {
        if (endpoint.EndpointId?.TrustDomain is not { } domain)
            return null;
        var latest = _pollers.TryGetValue(domain, out var poller) ? poller.Fetched : FindGiven(_source.Current, domain);
        return latest ?? _initial.GetValueOrDefault(domain);
    }

    // A bundle that was sent for one workload is that workload's business, unless it is of our own trust domain.
    private static TrustBundle? FindGiven(IdentitySnapshot snapshot, TrustDomain domain)
    {
        if (snapshot.FindBundle(domain) is { } shared)
            return shared;
        return snapshot.HasSvidOf(domain) ? snapshot.Bundles.FirstOrDefault(bundle => bundle.TrustDomain == domain) : null;
    }

    private static bool IsGiven(IdentitySnapshot snapshot, TrustDomain domain) =>
        snapshot.HasSvidOf(domain) || snapshot.Bundles.Any(bundle => bundle.TrustDomain == domain);

    private IdentitySnapshot Capture(long revision)
    {
        var source = _source.Current;
        TellWhoWins(source);
        return source.WithFederated(revision, _pollers.Values.Select(poller => poller.Believed).OfType<TrustBundle>());
    }

    private void TellWhoWins(IdentitySnapshot source)
    {
        foreach (var (domain, poller) in _pollers)
        {
            if (!IsGiven(source, domain))
                _given.Remove(domain);
            else if (_given.Add(domain))
                _log($"identity: the identity source gives a bundle of {domain} too: where it does, that one counts, not the one of {poller.State.Domain.Place}");
        }
    }
}
