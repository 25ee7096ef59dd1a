namespace Fuzz;

/// <summary>One parser: what it is fed, and what must hold whatever it is fed.</summary>
/// <param name="Name">As in <c>make fuzz TARGET=name</c>, and the folder of its regression corpus.</param>
/// <param name="Check">Feeds the parser. Whatever it throws is a finding: faults of the input are caught inside.</param>
internal sealed record FuzzTarget(string Name, Action<byte[]> Check)
{
    /// <summary>Well-formed inputs to begin with.</summary>
    public required IReadOnlyList<byte[]> Seeds { get; init; }

    /// <summary>Words of the format, which mutations insert.</summary>
    public IReadOnlyList<byte[]> Words { get; init; } = [];

    /// <summary>The longest input in bytes.</summary>
    public int MaxLength { get; init; } = 4096;

    /// <summary>How long one input may take, the best of three.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A change that knows the format; null from it: not applicable to this input.</summary>
    public Func<byte[], Random, byte[]?>? Reshape { get; init; }
}

/// <summary>What must hold did not.</summary>
internal sealed class OracleBroken(string message) : Exception(message);

internal static class Oracle
{
    public static void Holds(bool holds, string what)
    {
        if (!holds)
            throw new OracleBroken(what);
    }

    public static void Same(string expected, string actual, string what)
    {
        if (expected != actual)
            throw new OracleBroken($"{what}:\n{expected}\n-- but --\n{actual}");
    }
}
