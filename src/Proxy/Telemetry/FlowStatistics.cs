namespace Proxy.Telemetry;

/// <summary>What the ring tells as a whole; counted when asked, so that writing pays nothing for it.</summary>
internal static class FlowStatistics
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NamespaceWindow = TimeSpan.FromHours(1);

    /// <summary>Flows per second over the last minute, or over what the ring still holds of it.</summary>
    public static double Rate(FlowRing ring)
    {
        var now = ring.Time.GetUtcNow().UtcTicks;
        var recent = Since(ring, RateWindow).ToArray();
        if (recent.Length == 0)
            return 0;
        var isWholeWindow = recent.Length < ring.Capacity;
        var covered = isWholeWindow ? RateWindow : TimeSpan.FromTicks(Math.Max(1, now - recent[^1].Ticks));
        return recent.Length / covered.TotalSeconds;
    }

    /// <summary>Namespaces of the last hour's flows, sorted.</summary>
    public static IReadOnlyCollection<string> RecentNamespaces(FlowRing ring)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var record in Since(ring, NamespaceWindow))
        {
            if (record.Source.Workload is { } source)
                names.Add(source.Namespace);
            if (record.Destination.Workload is { } destination)
                names.Add(destination.Namespace);
        }

        return names;
    }

    /// <summary>Newest first.</summary>
    private static IEnumerable<FlowRecord> Since(FlowRing ring, TimeSpan window)
    {
        var oldest = ring.Time.GetUtcNow().UtcTicks - window.Ticks;
        var text = new byte[FlowRecord.TextCapacity];
        for (var sequence = ring.Next - 1; sequence >= 0; sequence--)
        {
            if (ring.Read(sequence, out var record, text) != FlowReadResult.Read || record.Ticks < oldest)
                yield break;
            yield return record;
        }
    }
}
