using System.Diagnostics;
using System.Globalization;

namespace Lab.Load;

/// <summary>One short connection after another, as many at once as asked for; prints how many succeeded and failed.</summary>
internal static class NewConnections
{
    public static async Task<int> RunAsync(LoadTarget target, ConnectionExchange exchange, TimeSpan span, int width)
    {
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, width).Select(_ => Task.Run(() => RunLaneAsync(target, exchange, started, span))));
        var (done, failed) = (counts.Sum(count => count.Done), counts.Sum(count => count.Failed));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"done {done} failed {failed} seconds {Stopwatch.GetElapsedTime(started).TotalSeconds:F3}"));
        return failed == 0 && done > 0 ? 0 : 1;
    }

    private static async Task<(int Done, int Failed)> RunLaneAsync(LoadTarget target, ConnectionExchange exchange, long started, TimeSpan span)
    {
        var (done, failed, buffer) = (0, 0, new byte[4096]);
        do
        {
            if (await exchange.TryRunAsync(target, buffer))
            {
                done++;
            }
            else
            {
                failed++;
            }
        }
        while (Stopwatch.GetElapsedTime(started) < span);

        return (done, failed);
    }
}
