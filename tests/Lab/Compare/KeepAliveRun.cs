using System.Globalization;

namespace Lab.Compare;

/// <summary>
/// Latencies beside the figures of a load of requests, what a request costs the hops while the machine's other users
/// are quiet, and what it costs the whole machine.
/// </summary>
internal readonly record struct KeepAliveFigures(
    LoadFigures Load, double QuietCpuMicroseconds, double MachineCpuMicroseconds, double P50Milliseconds, double P99Milliseconds);

/// <summary>
/// h2load on connections that are kept. CPU time and requests are counted in a window that begins when all
/// connections stand: handshakes are measured elsewhere.
/// </summary>
internal static class KeepAliveRun
{
    // What is called once for a connection is compiled for speed after 30 calls, at two levels one after the other, and
    // what is called once for each load as well: one long load would leave that to the rounds that count.
    private const int WarmingLoads = 70;

    /// <summary>The share of CPU that compiling may have when rounds begin to count.</summary>
    private const double CompiledShare = 0.015;

    private const int MostPatientLoads = 4;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    /// <summary>A number of requests that is not measured: code is compiled for speed after so many calls, not after a time.</summary>
    public static async Task WarmAsync(Hops hops, int requests, int width)
    {
        for (var load = 0; load < WarmingLoads; load++)
        {
            var run = await hops.Client.RunAsync(Command(hops, width, "-n", $"{Math.Max(requests / WarmingLoads, width)}"), TimeSpan.FromMinutes(5));
            RequireAllSucceeded(hops, run.Require().Output);
        }
    }

    /// <summary>
    /// Requests until next to nothing is compiled for longer than the 30 s after which the daemon looks at its rules
    /// anew: that is compiled as well, and would meet the first rounds.
    /// </summary>
    public static async Task WarmUntilCompiledAsync(Hops hops, int width)
    {
        for (var load = 0; load < MostPatientLoads && hops.CompilingCpu() is { } before; load++)
        {
            var cpu = hops.Cpu();
            var run = await hops.Client.RunAsync(Command(hops, width, "-D", "35s"), TimeSpan.FromMinutes(2));
            RequireAllSucceeded(hops, run.Require().Output);
            var share = (hops.CompilingCpu()!.Value - before) / (hops.Cpu() - cpu);
            Console.WriteLine($"  {hops}: {share:P1} of its CPU compiled");
            if (share is >= 0 and < CompiledShare)
            {
                return;
            }
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
        var moments = new List<Moment> { Moment.Of(hops) };
        while (moments[^1].At - moments[0].At < span.TotalMicroseconds)
        {
            await Task.Delay(Window);
            moments.Add(Moment.Of(hops));
        }

        RequireAllSucceeded(hops, (await load).Require().Output);
        var ended = Read(log);
        var (from, to) = (moments[0], moments[^1]);
        var latencies = Between(ended, from, to).Select(request => request.Duration).Order().ToList();
        return new(
            new(latencies.Count, (to.At - from.At) / 1e6, to.Cpu - from.Cpu), Quiet(moments, ended), (to.Machine - from.Machine).TotalMicroseconds / latencies.Count,
            Quantile(latencies, 0.5) / 1000, Quantile(latencies, 0.99) / 1000);
    }

    // Others on the same machine make the same work dearer for tenths of seconds at a time, and never cheaper. Not the
    // very least: a window may end between the work and its end in the log.
    private static double Quiet(List<Moment> moments, List<(double At, long Duration)> ended)
    {
        var costs = moments.Zip(moments.Skip(1), (from, to) =>
            (to.Cpu - from.Cpu).TotalMicroseconds / Math.Max(1, Between(ended, from, to).Count()));
        var sorted = costs.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, Math.Max(1, (sorted.Count / 10) - 1))];
    }

    private static IEnumerable<(double At, long Duration)> Between(List<(double At, long Duration)> ended, Moment from, Moment to) =>
        ended.Where(request => request.At >= from.At && request.At < to.At);

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

    /// <summary>When each request ended, in microseconds since 1970, and how many it took.</summary>
    private static List<(double At, long Duration)> Read(string log)
    {
        var ended = new List<(double At, long Duration)>();
        foreach (var line in File.ReadLines(log))
        {
            // start in µs since 1970, status, duration in µs
            var fields = line.Split('\t');
            var (start, duration) = (long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[2], CultureInfo.InvariantCulture));
            ended.Add((start + duration, duration));
        }

        return ended;
    }

    private static double Quantile(List<long> sorted, double share) => sorted.Count == 0 ? 0 : sorted[(int)(share * (sorted.Count - 1))];

    /// <summary>What the hops, and all processors, had used by then.</summary>
    private readonly record struct Moment(double At, TimeSpan Cpu, TimeSpan Machine)
    {
        public static Moment Of(Hops hops) =>
            new((TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds, hops.Cpu(), Processors.Busy());
    }
}
