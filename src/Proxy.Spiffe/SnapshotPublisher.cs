using System.Threading.Channels;

namespace Proxy.Spiffe;

/// <summary>Publishes one snapshot after another, each after something has changed; what changes meanwhile is in the next one.</summary>
/// <param name="capture">Makes the snapshot of a revision.</param>
/// <param name="log">Takes one line for the operator at a time.</param>
internal sealed class SnapshotPublisher(Func<long, IdentitySnapshot> capture, Action<string> log)
{
    private readonly Channel<bool> _dirty = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile IdentitySnapshot _current = IdentitySnapshot.Empty;

    public event Action<IdentitySnapshot>? Changed;

    public IdentitySnapshot Current => _current;

    public void MarkDirty() => _dirty.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken stop)
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
            _current = capture(revision);
            Changed?.Invoke(_current);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug, ours or a listener's, must not end the flow of identities.
            log($"identity: bug while publishing revision {revision}: {e}");
        }
    }
}
