using Lab.Traffic;

namespace Lab.Faults;

/// <summary>When policy forbade the guest everything, and had been in force for long enough that an answer is a breach.</summary>
internal sealed class ForbiddenTimes
{
    /// <summary>A change takes effect within a second; twice that is beyond excuse.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private readonly List<(long From, long To)> forbidden = [];
    private readonly List<(long From, long To)> frozen = [];
    private readonly Lock gate = new();

    /// <summary>Notes a fault that lasted from one moment to the other, in milliseconds since 1970.</summary>
    public void Note(Fault fault, long from, long to)
    {
        var settling = (long)Settling.TotalMilliseconds;
        lock (gate)
        {
            if (fault.Forbids)
            {
                forbidden.Add((from + settling, to));
            }

            if (fault.Freezes)
            {
                frozen.Add((from, to + settling));
            }
        }
    }

    /// <summary>The guest's exchange succeeded while policy forbade it from its beginning to its end, and every daemon could know.</summary>
    public bool IsForbidden(TrafficRecord record)
    {
        lock (gate)
        {
            return record.Heard && record.IsOk
                && forbidden.Any(times => times.From <= record.Time && record.Ended < times.To)
                && !frozen.Any(times => times.From <= record.Ended && record.Time < times.To);
        }
    }
}
