using System.Globalization;

namespace Lab.Compare;

/// <summary>Latencies beside the figures of a load of requests.</summary>
internal readonly record struct KeepAliveFigures(LoadFigures Load, double P50Milliseconds, double P99Milliseconds);

/// <summary>
/// h2load on connections that are kept. CPU time and requests are counted in a window that begins when all
/// connections stand: handshakes are measured elsewhere.
/// </summary>
internal static class KeepAliveRun
{
    // What is called once for a connection is compiled for speed after 30 calls, at two levels one after the other, and
    // what is called once for each load as well: one long load would leave that to the rounds that count.
    private const int WarmingLoads = 70;

    /// <summary>A number of requests that is not measured: code is compiled for speed after so many calls, not after a time.</summary>
    public static async Task WarmAsync(Hops hops, int requests, int width)
    {
        for (var load = 0; load < WarmingLoads; load++)
        {
            var run = await hops.Client.RunAsync(Command(hops, width, "-n", $"{Math.Max(requests / WarmingLoads, width)}"), TimeSpan.FromMinutes(5));
            RequireAllSucceeded(hops, run.Require().Output);
        }
    }

    public static async Task<KeepAliveFigures> RunAsync(Hops hops, TimeSpan span, int width)
    {
        var lead = TimeSpan.FromSeconds(width > 32 ? 2.5 : 0.7);
        var log = Path.Combine(hops.Client.Files, "h2load.log");
        File.Delete(log);
        var load = hops.Client.RunAsync(
            Command(hops, width, "-D", $"{(int)(lead + span).TotalMilliseconds + 300}ms", "--log-file", log), TimeSpan.FromMinutes(2));
        await Task.Delay(lead);
        var (from, before) = (Now(), hops.Cpu());
        await Task.Delay(span);
        var (to, cpu) = (Now(), hops.Cpu() - before);
        RequireAllSucceeded(hops, (await load).Require().Output);
        var latencies = Read(log, from, to);
        return new(
            new(latencies.Count, (to - from) / 1e6, cpu), Quantile(latencies, 0.5) / 1000, Quantile(latencies, 0.99) / 1000);
    }

    private static IReadOnlyList<string> Command(Hops hops, int width, params string[] extent) =>
    [
        .. LoadServers.OnLoadProcessors, "h2load", "--h1", "-t", "1", "-c", $"{width}", .. extent,
        $"http://{hops.Http.Address}:{hops.Http.Port}{Hops.AllowedPath}",
    ];

    /// <summary>h2load's line of status codes: all 2xx, and nothing failed.</summary>
    private static void RequireAllSucceeded(Hops hops, string output)
    {
        var isGood = output.Contains(" 0 failed, 0 errored, 0 timeout", StringComparison.Ordinal)
            && output.Contains(" 0 3xx, 0 4xx, 0 5xx", StringComparison.Ordinal);
        if (!isGood)
        {
            throw new LabException($"{hops}: not every request succeeded\n{output}");
        }
    }

    /// <summary>Microseconds of each request that ended in the window, in order of size.</summary>
    private static List<long> Read(string log, double from, double to)
    {
        var latencies = new List<long>();
        foreach (var line in File.ReadLines(log))
        {
            // start in µs since 1970, status, duration in µs
            var fields = line.Split('\t');
            var (start, duration) = (long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[2], CultureInfo.InvariantCulture));
            if (start + duration >= from && start + duration < to)
            {
                latencies.Add(duration);
            }
        }

        latencies.Sort();
        return latencies;
    }

    private static double Quantile(List<long> sorted, double share) => sorted.Count == 0 ? 0 : sorted[(int)(share * (sorted.Count - 1))];

    private static double Now() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds;
}
