namespace Proxy.Policy.Matching;

/// <summary>Walks through the header lines of a request.</summary>
internal ref struct HeaderFields(ReadOnlySpan<byte> lines)
{
    private ReadOnlySpan<byte> _rest = lines;

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Without the blanks and tabs around it.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>False behind the last line.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;

        var end = _rest.IndexOf((byte)'\n');
        var line = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? [] : _rest[(end + 1)..];
        var colon = line.IndexOf((byte)':');
        Name = colon < 0 ? line : line[..colon];
        Value = colon < 0 ? [] : line[(colon + 1)..].Trim(" \t\r"u8);
        return true;
    }
}
