namespace Proxy.Http;

/// <summary>
/// Finds the lines of a head, each once, however the bytes were split: the head is held in the buffer, and what was
/// searched is remembered as an offset.
/// </summary>
internal struct HeadLines
{
    private int _lineStart;
    private int _searched;

    /// <summary>Where the next line begins; after the empty line, the length of the head.</summary>
    public readonly int Position => _lineStart;

    /// <summary>The next line without its CR LF; false while it is incomplete.</summary>
    public bool TryNext(ReadOnlySpan<byte> head, out ReadOnlySpan<byte> line, out GateFault fault)
    {
        line = default;
        fault = GateFault.None;
        var found = head[_searched..].IndexOf((byte)'\n');
        if (found < 0)
        {
            _searched = head.Length;
            return false;
        }

        var end = _searched + found;
        line = head[_lineStart..end];
        _lineStart = _searched = end + 1;
        // A CR elsewhere in the line is refused by every grammar that reads it.
        if (line.IsEmpty || line[^1] != '\r')
            fault = GateFault.BareLineFeed;
        else
            line = line[..^1];
        return true;
    }
}
