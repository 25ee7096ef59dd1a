using System.Diagnostics;

namespace Fuzz;

/// <summary>What was found: the kind tells findings apart, the text is for people.</summary>
internal sealed record Finding(string Kind, string Text, byte[] Input);

/// <summary>Tries one input.</summary>
internal static class Probe
{
    private const int Tries = 3;

    /// <summary>Null when everything held.</summary>
    public static Finding? Try(FuzzTarget target, byte[] input)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < Tries; i++)
        {
            var clock = Stopwatch.StartNew();
            if (TryOnce(target, input) is { } finding)
                return finding;
            best = clock.Elapsed < best ? clock.Elapsed : best;
            if (best <= target.Limit)
                return null;
        }

        return new Finding("slow", $"took {best.TotalSeconds:F1} s, the limit is {target.Limit.TotalSeconds:F1} s", input);
    }

    private static Finding? TryOnce(FuzzTarget target, byte[] input)
    {
        try
        {
            target.Check([.. input]);
            return null;
        }
        catch (Exception e)
        {
            return new Finding(KindOf(e), e.ToString(), input);
        }
    }

    private static string KindOf(Exception e)
    {
        var message = e.Message.Split('\n')[0].Split(':')[0];
        var place = new StackTrace(e).GetFrame(0)?.GetMethod();
        return e is OracleBroken ? message : $"{e.GetType().Name} in {place?.DeclaringType?.Name}.{place?.Name}";
    }
}
