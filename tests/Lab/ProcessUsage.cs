using System.Globalization;

namespace Lab;

/// <summary>What a process has used so far.</summary>
public readonly record struct ProcessUsage(long ResidentKiB, TimeSpan Cpu, int Descriptors, int Sockets)
{
    /// <summary>Ticks per second of /proc/PID/stat: USER_HZ, which is 100 on every Linux architecture that .NET runs on.</summary>
    internal const int TicksPerSecond = 100;

    public static ProcessUsage Of(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var resident = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        var descriptors = Directory.GetFileSystemEntries($"/proc/{pid}/fd");
        return new(
            long.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture),
            TimeSpan.FromSeconds((double)ticks / TicksPerSecond),
            descriptors.Length,
            descriptors.Count(IsSocket));
    }

    private static bool IsSocket(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name.StartsWith("socket:", StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            // Closed in the meantime.
            return false;
        }
    }
}
