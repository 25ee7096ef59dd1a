using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Federation;

/// <summary>A source that holds what a test gives it.</summary>
internal sealed class HeldSource : IIdentitySource
{
    public event Action<IdentitySnapshot>? Changed;

    public IdentitySnapshot Current { get; private set; } = IdentitySnapshot.Empty;

    public bool IsConnected => true;

    public string? LastError => null;

    public IReadOnlyList<SourceFault> Faults => [];

    public DateTimeOffset? LastHeard => null;

    public IReadOnlyCollection<WorkloadReference> Tracked { get; private set; } = [];

    public bool IsDisposed { get; private set; }

    public void Give(IEnumerable<TrustBundle> bundles, params (string Uid, WorkloadIdentity Identity)[] workloads)
    {
        Current = new IdentitySnapshot(Current.Revision + 1, workloads.Select(pair => KeyValuePair.Create(pair.Uid, pair.Identity)), bundles, TimeProvider.System);
        Changed?.Invoke(Current);
    }

    public void Track(IReadOnlyCollection<WorkloadReference> workloads) => Tracked = workloads;

    public Task RunAsync(CancellationToken stop) => Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
