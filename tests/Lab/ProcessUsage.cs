using System.Globalization;

namespace Lab;

/// <summary>What a process has used so far.</summary>
public readonly record struct ProcessUsage(long ResidentKiB, TimeSpan Cpu, int Descriptors, int Sockets)
{
    public static ProcessUsage Of(int pid)
    {
        var resident = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        var descriptors = Directory.GetFileSystemEntries($"/proc/{pid}/fd");
        return new(
            long.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture),
            ProcessClock.Read(pid),
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
