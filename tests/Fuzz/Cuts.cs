namespace Fuzz;

/// <summary>Where a network might have cut a stream: decided by the stream itself, so that an input says it all.</summary>
internal static class Cuts
{
    public static IEnumerable<int> Nowhere(int length) => [length];

    public static IEnumerable<int> Everywhere(int length) => Enumerable.Range(1, length);

    public static IEnumerable<int> Somewhere(byte[] input)
    {
        var random = new Random(input.Length + input.Sum(value => value));
        for (var end = 0; end < input.Length;)
        {
            end = Math.Min(input.Length, end + random.Next(1, 40));
            yield return end;
        }
    }
}
