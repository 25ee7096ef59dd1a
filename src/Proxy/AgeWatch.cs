namespace Proxy;

/// <summary>Looks once a second whether a connection has outlived the SVIDs that it rests on: nothing else tells of that.</summary>
internal static class AgeWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks until <paramref name="stop"/>; ends normally then.</summary>
    internal static async Task RunAsync(IReadOnlyList<ConnectionSeat> seats, TimeProvider time, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var seat in seats)
            {
                if (seat.IsAgeDue && !stop.IsCancellationRequested)
                    seat.Worker.Post(seat.CutOutlived);
            }
        }
    }
}
