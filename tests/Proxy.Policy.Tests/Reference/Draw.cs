namespace Proxy.Policy.Tests.Reference;

/// <summary>Words to draw with.</summary>
internal static class Draw
{
    /// <summary>True once in so many times.</summary>
    public static bool OneIn(this Random random, int times) => random.Next(times) == 0;

    public static T From<T>(this Random random, params IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    /// <summary>From least to most of what <paramref name="draw"/> gives.</summary>
    public static List<T> List<T>(this Random random, int least, int most, Func<T> draw) =>
        [.. Enumerable.Range(0, random.Next(least, most + 1)).Select(_ => draw())];

    /// <summary>One of the draws; each counts once however often it is named.</summary>
    public static T Either<T>(this Random random, params IReadOnlyList<Func<T>> draws) => draws[random.Next(draws.Count)]();

    /// <summary>Each entry with an even chance.</summary>
    public static Dictionary<string, string> Labels(this Random random, params IReadOnlyList<(string Key, string[] Values)> labels) =>
        labels.Where(_ => random.Next(3) > 0).ToDictionary(label => label.Key, label => random.From(label.Values));
}
