using Proxy.Spiffe.Streams;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Federation;

/// <summary>Keeps the bundle of one trust domain: asks, takes or refuses, waits. What was good stays in force until better comes.</summary>
/// <param name="domain">The trust domain and its endpoint.</param>
/// <param name="client">Asks the endpoint.</param>
/// <param name="changed">Told of each other bundle.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Takes one line for the operator at a time.</param>
internal sealed class BundlePoller(FederatedDomain domain, BundleClient client, Action changed, TimeProvider time, Action<string> log)
{
    private readonly SourceHealth _health = new(domain.Place, log);
    private readonly HeldBundle _held = new();
    private readonly RefreshSchedule _schedule = new();
    private volatile FederationState _state = new(domain);

    public FederationState State => _state;

    public string? LastError => _health.LastError;

    /// <summary>What was fetched last, also without roots; null before the first fetch.</summary>
    public TrustBundle? Fetched => _held.Current?.Bundle;

    /// <summary>What workloads believe; null before the first fetch, and when the trust domain has withdrawn all of its keys.</summary>
    public TrustBundle? Believed => Fetched is { Roots.Count: > 0 } bundle ? bundle : null;

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var fault = await RefreshAsync(stop);
            if (stop.IsCancellationRequested)
                return;
            var wait = fault is null
                ? _schedule.AfterSuccess(_held.Current?.RefreshHint, Random.Shared.NextDouble())
                : _schedule.AfterFailure(Random.Shared.NextDouble());
            Tell(fault, wait);
            await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Asks once; gives why there is no newer bundle, or null.</summary>
    private async Task<string?> RefreshAsync(CancellationToken stop)
    {
        _state = _state with { NextFetch = null };
        try
        {
            var fetch = await client.FetchAsync(domain, stop);
            return fetch.Document is { } document ? Take(document) : fetch.Fault;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug in reading one answer must not end the following of a trust domain.
            return $"unexpected {e.GetType().Name}: {e.Message}";
        }
    }

    private string? Take(BundleDocument document)
    {
        var before = Fetched;
        if (_held.Take(document) is { } fault)
            return fault;
        if (ReferenceEquals(before, Fetched))
            return null;
        log($"identity: bundle of {domain.TrustDomain} from {domain.Place}: {document.Bundle.Roots.Count} roots, sequence {document.Sequence?.ToString() ?? "none"}"
            + (document.Bundle.Roots.Count == 0 ? "; its keys are withdrawn, nobody of it is believed" : ""));
        changed();
        return null;
    }

    private void Tell(string? fault, TimeSpan wait)
    {
        var now = time.GetUtcNow();
        _health.Report(SourceHealth.Bundles, $"the bundle of {domain.TrustDomain}", fault);
        _state = new FederationState(domain)
        {
            Roots = Fetched?.Roots.Count,
            Sequence = _held.Current?.Sequence,
            LastFetch = fault is null ? now : _state.LastFetch,
            NextFetch = now + wait,
            LastError = fault,
        };
    }
}
