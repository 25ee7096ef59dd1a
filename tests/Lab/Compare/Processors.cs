using System.Globalization;

namespace Lab.Compare;

/// <summary>Who runs where: both hops share the first processor, load generators and servers have the rest.</summary>
internal static class Processors
{
    /// <summary>Ticks per second of /proc/stat: USER_HZ, which is 100 on every Linux architecture that .NET runs on.</summary>
    private const int TicksPerSecond = 100;

    private static readonly int Count = Environment.ProcessorCount;

    public static string Hops => "0";

    public static string Load => Count == 1 ? "0" : Count == 2 ? "1" : $"1-{Count - 1}";

    /// <summary>Time that the hypervisor gave to others, of all processors, since the machine's start.</summary>
    public static TimeSpan Stolen() => Sum(8);

    /// <summary>Time in which the processors worked, for whomever, since the machine's start.</summary>
    public static TimeSpan Busy() => Sum(1, 2, 3, 6, 7);

    // proc(5): the first line of /proc/stat is "cpu", then user, nice, system, idle, iowait, irq, softirq, steal.
    private static TimeSpan Sum(params ReadOnlySpan<int> places)
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var ticks = 0.0;
        foreach (var place in places)
        {
            ticks += double.Parse(fields[place], CultureInfo.InvariantCulture);
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }
}
