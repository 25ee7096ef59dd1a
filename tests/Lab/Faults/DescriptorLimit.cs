using System.Globalization;

namespace Lab.Faults;

/// <summary>The limit of descriptors of a running daemon, lowered to a few above what it holds.</summary>
internal sealed class DescriptorLimit
{
    private readonly int pid;
    private readonly string before;

    private DescriptorLimit(int pid)
    {
        this.pid = pid;
        before = File.ReadLines($"/proc/{pid}/limits")
            .First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
    }

    public static async Task<DescriptorLimit> SqueezeAsync(LabNode node, int spare)
    {
        if (node.Proxy!.HasExited)
        {
            throw new LabException($"the daemon of {node.Name} has ended:\n{node.Proxy.Log}");
        }

        var limit = new DescriptorLimit(node.Proxy.Pid);
        await limit.SetAsync(LimitFor(limit.pid, spare).ToString(CultureInfo.InvariantCulture));
        return limit;
    }

    public Task RestoreAsync() => SetAsync(before);

    // A new descriptor gets the lowest free number, and the limit is of numbers: so many free ones stay below it.
    private static int LimitFor(int pid, int spare)
    {
        var taken = Directory.GetFileSystemEntries($"/proc/{pid}/fd")
            .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).ToHashSet();
        return Enumerable.Range(0, int.MaxValue).Where(number => !taken.Contains(number)).ElementAt(spare);
    }

    private Task SetAsync(string soft) => Shell.ScriptAsync($"prlimit --pid {pid} --nofile={soft}:");
}
