using System.Diagnostics;

namespace Fuzz;

/// <summary>Makes a finding's input smaller while the finding stays the same.</summary>
internal static class Shrinker
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Finding Shrink(FuzzTarget target, Finding finding)
    {
        var clock = Stopwatch.StartNew();
        for (var size = Math.Max(1, finding.Input.Length / 2); clock.Elapsed < Patience;)
        {
            var smaller = ShrinkBy(target, finding, size, clock);
            if (smaller is null && size == 1)
                break;
            finding = smaller ?? finding;
            size = smaller is null ? size / 2 : Math.Min(size, Math.Max(1, finding.Input.Length / 2));
        }

        return finding;
    }

    private static Finding? ShrinkBy(FuzzTarget target, Finding finding, int size, Stopwatch clock)
    {
        Finding? best = null;
        for (var at = 0; at + size <= (best ?? finding).Input.Length && clock.Elapsed < Patience;)
        {
            var input = (best ?? finding).Input;
            var found = Probe.Try(target, [.. input[..at], .. input[(at + size)..]]);
            if (found?.Kind == finding.Kind)
                best = found;
            else
                at += size;
        }

        return best;
    }
}
