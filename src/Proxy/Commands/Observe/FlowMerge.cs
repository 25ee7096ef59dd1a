using Google.Protobuf.WellKnownTypes;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>
/// Joins the answers of several servers in the order of time. It holds one flow per server. While following,
/// a silent server delays the others only until their flow is a moment old, so order across nodes is as good
/// as that moment.
/// </summary>
internal sealed class FlowMerge(IReadOnlyList<FlowSource> sources, bool isFollowing, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);
    private static readonly Timestamp Earliest = new();

    private readonly List<FlowSource> _live = [.. sources];

    /// <param name="print">Takes the next flow.</param>
    /// <param name="idle">Called before a wait, so that what was printed becomes visible.</param>
    /// <param name="ended">Told of each server that has no more to say.</param>
    public async Task RunAsync(Action<GetFlowsResponse> print, Action idle, Action<FlowSource> ended)
    {
        while (_live.Count > 0)
        {
            // Taken before looking: what completes while we look then ends the wait at once.
            var awaited = _live.Select(source => source.Pending).Where(pending => !pending.IsCompleted).ToArray();
            if (FindEnded() is { } source)
            {
                _live.Remove(source);
                ended(source);
            }
            else if (FindDue() is { } next)
            {
                print(next.Head);
                next.Advance();
            }
            else
            {
                idle();
                await WaitAsync(awaited);
            }
        }
    }

    private FlowSource? FindEnded() => _live.Find(source => source.Pending is { IsCompletedSuccessfully: true, Result: false });

    /// <summary>The earliest flow on offer, if no earlier one can come, or would come too late to wait for.</summary>
    private FlowSource? FindDue()
    {
        var earliest = FindEarliest();
        var isCertain = _live.TrueForAll(source => source.Pending.IsCompleted);
        return isCertain || (earliest is not null && Rest(earliest) <= TimeSpan.Zero) ? earliest : null;
    }

    private FlowSource? FindEarliest() =>
        _live.Where(source => source.Pending is { IsCompletedSuccessfully: true, Result: true }).MinBy(When);

    private async Task WaitAsync(Task[] awaited)
    {
        if (!isFollowing || FindEarliest() is not { } earliest)
            await Task.WhenAny(awaited);
        else if (Rest(earliest) is { Ticks: > 0 } rest)
            await Task.WhenAny([.. awaited, Task.Delay(rest, time)]);
    }

    /// <summary>How long the earliest flow still waits for the silent servers; without end when nobody follows.</summary>
    private TimeSpan Rest(FlowSource source) =>
        isFollowing ? Patience - (time.GetUtcNow() - When(source).ToDateTimeOffset()) : TimeSpan.MaxValue;

    /// <summary>What carries no time, such as news of a node, is said at once.</summary>
    private static Timestamp When(FlowSource source) => source.Head.Time ?? Earliest;
}
