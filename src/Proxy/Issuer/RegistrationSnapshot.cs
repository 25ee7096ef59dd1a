using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>What is registered, and a signal that comes when it is no longer in force.</summary>
internal sealed class RegistrationSnapshot(RegisteredContent content)
{
    private readonly TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Replaced => _replaced.Task;

    /// <summary>The distinct IDs of the entries that match, in the order of the entries.</summary>
    public IEnumerable<SpiffeId> Match(IReadOnlySet<Selector> known) =>
        content.Entries.Where(entry => entry.Matches(known)).Select(entry => entry.SpiffeId).Distinct();

    /// <summary>
    /// The pod with this UID, or with this name; with both, the pod that has both. Whose manifest says no UID has none: it
    /// cannot be told from its successor, so who asks for one is not answered.
    /// </summary>
    public RegisteredPod? FindPod(string uid, string @namespace, string name) => content.Pods.FirstOrDefault(pod =>
        name.Length > 0
            ? pod.Name == name && pod.Namespace == @namespace && (uid.Length == 0 || pod.Uid == uid)
            : pod.Uid.Length > 0 && pod.Uid == uid);

    public void SetReplaced() => _replaced.TrySetResult();
}
