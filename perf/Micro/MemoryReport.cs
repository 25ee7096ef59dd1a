using System.Globalization;
using Proxy.Policy;

namespace Proxy.Micro;

/// <summary>What the snapshot of the town keeps in memory.</summary>
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

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(true);
    }
}
