namespace Proxy.Spiffe.Streams;

/// <summary>One workload, its stream, and what the stream last said; guarded by the source's lock.</summary>
internal sealed class TrackedWorkload(WorkloadReference reference) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public WorkloadReference Reference { get; } = reference;

    public WorkloadIdentity? Identity { get; set; }

    public Task? Running { get; private set; }

    public string Subject => $"{Reference.Namespace}/{Reference.Name}";

    public void Start(Func<CancellationToken, Task> run, CancellationToken sourceStop) =>
        Running ??= Task.Run(() => RunAsync(run, sourceStop), CancellationToken.None);

    /// <summary>Ends the stream, if it was started; it releases what it holds by itself.</summary>
    public void Stop()
    {
        _stop.Cancel();
        if (Running is null)
            Dispose();
    }

    public bool IsSameAs(WorkloadReference other) =>
        Reference with { Labels = other.Labels } == other
        && Reference.Labels.Count == other.Labels.Count
        && Reference.Labels.All(label => other.Labels.TryGetValue(label.Key, out var value) && value == label.Value);

    public void Dispose() => _stop.Dispose();

    private async Task RunAsync(Func<CancellationToken, Task> run, CancellationToken sourceStop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, sourceStop);
        await run(both.Token);
    }
}
