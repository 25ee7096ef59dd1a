using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Streams;

/// <summary>
/// Says it when an SVID expires and no other has taken its place. Nobody else would: a source that is away says nothing, and
/// what was said when it went may be long ago.
/// </summary>
/// <param name="held">The SVIDs that are held now, each with the workload that has it.</param>
/// <param name="time">The clock that they expire by.</param>
/// <param name="log">Takes one line for the operator at a time.</param>
internal sealed class ExpiryWatch(Func<IReadOnlyList<(string Subject, X509Svid Svid)>> held, TimeProvider time, Action<string> log)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private HashSet<X509Svid> _told = [];

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(LookEvery, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Look();
        }
    }

    /// <summary>Tells of each that has expired since the last look.</summary>
    public void Look()
    {
        var now = time.GetUtcNow();
        var all = held();
        var expired = all.Where(one => one.Svid.ExpiresAt <= now && !all.Any(other => IsInPlaceOf(other, one, now))).ToArray();
        foreach (var (subject, svid) in expired.Where(one => !_told.Contains(one.Svid)))
            log($"identity: the SVID of {subject} expired at {svid.ExpiresAt:u}, and none has come in its place: {svid.Id}, serial {svid.Serial}");
        _told = [.. expired.Select(one => one.Svid)];
    }

    private static bool IsInPlaceOf((string Subject, X509Svid Svid) other, (string Subject, X509Svid Svid) one, DateTimeOffset now) =>
        other.Subject == one.Subject && other.Svid.Id == one.Svid.Id && now < other.Svid.ExpiresAt;
}
