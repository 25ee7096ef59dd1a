namespace Proxy.Spiffe;

/// <summary>The rules of a SPIFFE ID, byte by byte, in the order in which go-spiffe names the faults.</summary>
internal static class SpiffeIdParser
{
    public static SpiffeIdError Parse(ReadOnlySpan<byte> text, out int pathStart)
    {
        pathStart = 0;
        if (text.IsEmpty)
            return SpiffeIdError.Empty;
        if (text.Length > SpiffeId.MaximumLength)
            return SpiffeIdError.TooLong;
        if (!text.StartsWith("spiffe://"u8))
            return SpiffeIdError.WrongScheme;

        pathStart = SpiffeId.Scheme.Length;
        var error = SkipTrustDomain(text, ref pathStart);
        return error != SpiffeIdError.None ? error : CheckPath(text[pathStart..]);
    }

    private static SpiffeIdError SkipTrustDomain(ReadOnlySpan<byte> text, ref int position)
    {
        var start = position;
        for (; position < text.Length && text[position] != '/'; position++)
        {
            if (!IsTrustDomainByte(text[position]))
                return SpiffeIdError.BadTrustDomainCharacter;
        }

        if (position == start)
            return SpiffeIdError.MissingTrustDomain;
        return position - start > TrustDomain.MaximumLength ? SpiffeIdError.TooLong : SpiffeIdError.None;
    }

    private static SpiffeIdError CheckPath(ReadOnlySpan<byte> path)
    {
        var start = 0;
        for (var i = 1; i < path.Length; i++)
        {
            if (path[i] != '/')
            {
                if (!IsPathByte(path[i]))
                    return SpiffeIdError.BadPathCharacter;
                continue;
            }

            var error = CheckSegment(path[(start + 1)..i], SpiffeIdError.EmptySegment);
            if (error != SpiffeIdError.None)
                return error;
            start = i;
        }

        return path.IsEmpty ? SpiffeIdError.None : CheckSegment(path[(start + 1)..], SpiffeIdError.TrailingSlash);
    }

    private static SpiffeIdError CheckSegment(ReadOnlySpan<byte> segment, SpiffeIdError whenEmpty)
    {
        if (segment.IsEmpty)
            return whenEmpty;
        return segment.SequenceEqual("."u8) || segment.SequenceEqual(".."u8) ? SpiffeIdError.DotSegment : SpiffeIdError.None;
    }

    private static bool IsTrustDomainByte(byte value) =>
        value is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)'-' or (byte)'_';

    private static bool IsPathByte(byte value) =>
        IsTrustDomainByte(value) || value is >= (byte)'A' and <= (byte)'Z';
}
