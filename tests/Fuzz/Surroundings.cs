namespace Fuzz;

/// <summary>Puts an input between other bytes: who reads outside of what it was given reads those.</summary>
internal static class Surroundings
{
    private const int Margin = 64;

    /// <summary>The check must say the same whatever lies around the input.</summary>
    public static string Same(byte[] input, Func<ReadOnlyMemory<byte>, string> check)
    {
        var first = check(Within(input, (byte)'\n'));
        Oracle.Same(first, check(Within(input, 0xff)), "the bytes around the input matter");
        return first;
    }

    private static ReadOnlyMemory<byte> Within(byte[] input, byte poison)
    {
        var buffer = new byte[input.Length + (2 * Margin)];
        buffer.AsSpan().Fill(poison);
        input.CopyTo(buffer, Margin);
        return buffer.AsMemory(Margin, input.Length);
    }
}
