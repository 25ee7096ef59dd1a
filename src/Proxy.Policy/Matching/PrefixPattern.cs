namespace Proxy.Policy.Matching;

/// <summary>One of several texts, or anything that begins as one of them says.</summary>
internal sealed class PrefixPattern(PatternPrefix[] prefixes) : HttpPattern
{
    public override bool Matches(ReadOnlySpan<byte> text)
    {
        foreach (var prefix in prefixes)
        {
            if (prefix.Rest is not { } rest ? text.SequenceEqual(prefix.Text) : IsBeginning(prefix.Text, rest, text))
                return true;
        }

        return false;
    }

    private static bool IsBeginning(ReadOnlySpan<byte> prefix, int rest, ReadOnlySpan<byte> text) =>
        text.StartsWith(prefix)
        && text.Length - prefix.Length >= rest
        && text.Length <= MaxTextLength
        && !text[prefix.Length..].ContainsAnyExceptInRange((byte)' ', (byte)'~');
}
