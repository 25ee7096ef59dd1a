using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>Entries, and a signal that comes when they are no longer in force.</summary>
internal sealed class RegistrationSnapshot(IReadOnlyList<RegistrationEntry> entries)
{
    private readonly TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Replaced => _replaced.Task;

    /// <summary>The distinct IDs of the entries that match, in the order of the entries.</summary>
    public IEnumerable<Spiffe.SpiffeId> Match(IReadOnlySet<Selector> known) =>
        entries.Where(entry => entry.Matches(known)).Select(entry => entry.SpiffeId).Distinct();

    public void SetReplaced() => _replaced.TrySetResult();
}
