namespace Lab;

/// <summary>How long threads have been ready to run and had no processor: whether a machine had time for what it was asked to do.</summary>
public static class ProcessorWait
{
    /// <summary>Of the workers of a node-proxy, so far, on an average.</summary>
    public static TimeSpan OfWorkers(int pid)
    {
        var waits = ThreadTime.Of(pid).Where(thread => thread.Name.StartsWith("worker-", StringComparison.Ordinal)).Select(thread => thread.Waited).ToList();
        return waits.Count == 0 ? throw new LabException($"process {pid} has no worker") : new TimeSpan((long)waits.Average(wait => wait.Ticks));
    }

    /// <summary>Of all threads of a process that live, so far, together.</summary>
    public static TimeSpan OfProcess(int pid) => ThreadTime.Of(pid).Aggregate(TimeSpan.Zero, (sum, thread) => sum + thread.Waited);
}
