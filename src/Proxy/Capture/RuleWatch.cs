using Proxy.Kernel;

namespace Proxy.Capture;

/// <summary>
/// Looks at the rules of captured pods, one pod at a time and each in its turn, and makes them right where they are no
/// longer what was made: whoever may administer a pod's network, or restarts a firewall in it, can flush them. Where
/// the kernel numbers the states of its rules, a pod whose number has changed is looked at at once.
/// </summary>
internal sealed class RuleWatch(CaptureRules rules, RuleWatchOptions options, TimeProvider time, Action<string> alarm)
{
    /// <summary>What is told of one look; the rest is a number.</summary>
    private const int MostFaults = 4;

    private Task _look = Task.CompletedTask;
    private long? _beganAt;
    private bool _isTurn;

    /// <summary>The look under way or the last one; never fails.</summary>
    internal Task Looking => _look;

    /// <summary>
    /// Begins a look at the pod that has waited longest, if it is time. It goes on beside other work, which waits for
    /// it only where it concerns the same pod.
    /// </summary>
    internal void Continue(IEnumerable<CapturedPod> pods)
    {
        if (!_look.IsCompleted || (_beganAt is { } began && time.GetElapsedTime(began) < options.Gap))
            return;
        if (FindNext(pods) is not { } next)
            return;
        var now = time.GetTimestamp();
        (_beganAt, next.LookedAt) = (now, now);
        next.Look = _look = Task.Run(() => LookAt(next));
    }

    /// <summary>By turns one whose rules have changed and one that has waited longest: who changes rules without end takes no more than half.</summary>
    private CapturedPod? FindNext(IEnumerable<CapturedPod> pods)
    {
        _isTurn = !_isTurn;
        var all = pods.Where(IsSettled).OrderBy(pod => pod.LookedAt ?? long.MinValue).ToArray();
        var (changed, due) = (all.FirstOrDefault(HasChanged), all.FirstOrDefault(IsDue));
        return _isTurn ? due ?? changed : changed ?? due;
    }

    // One whose exclusions could not be changed has rules of which nobody knows what they should be until that has succeeded.
    private static bool IsSettled(CapturedPod captured) => captured.Excluded.Equals(captured.Pod.Workload.Exclusions);

    private bool IsDue(CapturedPod captured) =>
        captured.LookedAt is not { } last || captured.Pod.Rules.Fault is not null || time.GetElapsedTime(last) >= options.Every;

    private bool HasChanged(CapturedPod captured) => captured.Generation is { } seen && rules.ReadGeneration(captured.Namespace) != seen;

    private void LookAt(CapturedPod captured)
    {
        try
        {
            var began = time.GetTimestamp();
            var own = rules.Excluding(captured.Excluded);
            // Read first: what is changed during the look is a change.
            captured.Generation = rules.ReadGeneration(captured.Namespace);
            var look = own.Look(captured.Namespace, captured.Made);
            if (look.Faults.Count > 0)
                look = Repair(captured, own, look);
            (captured.Made, captured.StoodAt) = (look.Own, began);
            captured.Pod.Rules = captured.Pod.Rules with { LookedAt = time.GetUtcNow(), Fault = null };
        }
#pragma warning disable CA1031 // the pod counts as not captured until a look has succeeded, and the process stays up
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(captured, e is IOException or CaptureException ? e.Message : $"{e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>Tells what was found before anything is tried: that must be known whatever becomes of it.</summary>
    private CaptureLook Repair(CapturedPod captured, CaptureRules own, CaptureLook look)
    {
        var found = Join(look.Faults);
        var before = captured.Pod.Rules;
        captured.Pod.Rules = before with { LastFault = found, LastFaultAt = time.GetUtcNow() };
        if (before.Fault is null)
            alarm($"the rules of pod {captured.Pod.Workload} were no longer what was made, for {time.GetElapsedTime(captured.StoodAt).TotalSeconds:0.0} s at most, in which it may have been open: {found}; making them again");
        own.Apply(captured.Namespace);
        captured.Generation = rules.ReadGeneration(captured.Namespace);
        var after = own.Look(captured.Namespace, null);
        if (after.Faults.Count > 0)
            throw new CaptureException(Join(after.Faults));
        captured.Pod.Rules = captured.Pod.Rules with { Repairs = before.Repairs + 1 };
        alarm($"the rules of pod {captured.Pod.Workload} stand again");
        return after;
    }

    // What went away in the middle has no rules to stand.
    private static void Fail(CapturedPod captured, string fault)
    {
        if (captured.IsStillAt(captured.Pod.Workload))
            captured.Pod.Rules = captured.Pod.Rules with { Fault = $"its rules cannot be looked at or made right: {fault}" };
    }

    private static string Join(IReadOnlyList<string> faults) =>
        string.Join("; ", faults.Take(MostFaults)) + (faults.Count > MostFaults ? $"; and {faults.Count - MostFaults} more" : "");
}
