namespace Proxy.Cluster;

/// <summary>Text of a manifest made fit for one line of a log.</summary>
internal static class OneLine
{
    private const int Longest = 400;

    public static string Of(string text) => string.Create(
        Math.Min(text.Length, Longest),
        text,
        static (line, from) =>
        {
            for (var i = 0; i < line.Length; i++)
                line[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) || from[i] is '\u2028' or '\u2029'
                    ? '\uFFFD'
                    : from[i];
        });
}
