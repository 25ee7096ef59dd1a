namespace Proxy.Telemetry.Filters;

/// <summary>Small words that the condition tables are written in.</summary>
internal static class Conditions
{
    /// <summary>One of the wanted values must be the flow's; nothing wanted is no condition.</summary>
    public static IEnumerable<Func<Protos.Flow, bool>> AnyOf<T>(IReadOnlyCollection<T> wanted, Func<Protos.Flow, T> actual)
    {
        if (wanted.Count == 0)
            yield break;
        var set = wanted.ToHashSet();
        yield return flow => set.Contains(actual(flow));
    }

    /// <summary>One of the wanted patterns must match; each is understood now, not at the first flow.</summary>
    public static IEnumerable<Func<Protos.Flow, bool>> Any<T, TPattern>(
        IReadOnlyCollection<T> wanted, Func<T, TPattern> understand, Func<TPattern, Protos.Flow, bool> matches)
    {
        if (wanted.Count == 0)
            yield break;
        var patterns = wanted.Select(understand).ToArray();
        yield return flow => Array.Exists(patterns, pattern => matches(pattern, flow));
    }
}
