using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Proxy.Policy.Matching;

/// <summary>An expression that needs an automaton.</summary>
internal sealed class ExpressionPattern(Regex regex) : HttpPattern
{
    private const int StackLength = 512;

    public override bool Matches(ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxTextLength)
            return false;

        if (text.Length <= StackLength)
            return Matches(text, stackalloc char[StackLength]);

        var rented = ArrayPool<char>.Shared.Rent(text.Length);
        var isMatch = Matches(text, rented);
        ArrayPool<char>.Shared.Return(rented);
        return isMatch;
    }

    // Control characters and bytes outside ASCII never match, not even a dot: no pattern can name them.
    private bool Matches(ReadOnlySpan<byte> text, Span<char> chars)
    {
        if (text.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return false;

        var length = Encoding.ASCII.GetChars(text, chars);
        return regex.IsMatch(chars[..length]);
    }
}
