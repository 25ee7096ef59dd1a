using System.Globalization;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Micro;

/// <summary>
/// What the snapshot of the town keeps in memory, and the processor time of compiling it, which does not depend on who else
/// uses the machine.
/// </summary>
internal static class MemoryReport
{
    public static void Print()
    {
        var town = Town.Made;
        var start = Settled();
        var snapshot = PolicySnapshot.Compile(town.Documents);
        town.Prepare(snapshot);
        var ready = Settled();
        town.AskEverything(snapshot);
        var asked = Settled();
        GC.KeepAlive(snapshot);
        GC.KeepAlive(town);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"snapshot, ready: {(ready - start) / 1048576.0:F1} MiB; after every pair was asked: {(asked - start) / 1048576.0:F1} MiB"));
    }

    public static void PrintProcessorTime()
    {
        var town = Town.Made;
        var changed = town.WithChanged(0, 81);
        var before = Ready(town, town.Documents, null);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"processor time, least of 7: from nothing {Least(() => Ready(town, town.Documents, null)):F1} ms; and every pair asked once {Least(() => town.AskEverything(Ready(town, town.Documents, null))):F0} ms; one policy changed {Least(() => Ready(town, changed, before)):F1} ms"));
    }

    private static PolicySnapshot Ready(Town town, PolicyDocument[] documents, PolicySnapshot? before)
    {
        var snapshot = PolicySnapshot.Compile(documents, PolicyContext.Empty, before);
        town.Prepare(snapshot);
        return snapshot;
    }

    private static double Least<T>(Func<T> work)
    {
        var least = double.MaxValue;
        for (var i = 0; i < 7; i++)
        {
            var start = Environment.CpuUsage.TotalTime;
            GC.KeepAlive(work());
            least = Math.Min(least, (Environment.CpuUsage.TotalTime - start).TotalMilliseconds);
        }

        return least;
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(true);
    }
}
