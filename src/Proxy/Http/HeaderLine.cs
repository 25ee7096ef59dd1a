using System.Text;

namespace Proxy.Http;

/// <summary>The headers that decide about framing and routing.</summary>
internal enum KnownHeader : byte
{
    Other,
    Host,
    Expect,
    Upgrade,
    Connection,
    ContentLength,
    TransferEncoding,
}

/// <summary>One header line, strictly read (RFC 9112 §5).</summary>
internal readonly ref struct HeaderLine
{
    public KnownHeader Known { get; private init; }

    /// <summary>The value without the spaces around it. Tabs stay: legal, but no framing header needs them.</summary>
    public ReadOnlySpan<byte> Value { get; private init; }

    public static GateFault Read(ReadOnlySpan<byte> line, out HeaderLine header)
    {
        header = default;
        if (line[0] is (byte)' ' or (byte)'\t')
            return GateFault.FoldedHeader;
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(HttpBytes.Token) || IsDisguise(line[..colon]))
            return GateFault.BadHeaderName;
        var value = line[(colon + 1)..];
        if (value.ContainsAny(HttpBytes.Controls))
            return GateFault.BadHeaderValue;
        header = new HeaderLine { Known = Recognise(line[..colon]), Value = value.Trim((byte)' ') };
        return GateFault.None;
    }

    private static KnownHeader Recognise(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 when Ascii.EqualsIgnoreCase(name, "host"u8) => KnownHeader.Host,
        6 when Ascii.EqualsIgnoreCase(name, "expect"u8) => KnownHeader.Expect,
        7 when Ascii.EqualsIgnoreCase(name, "upgrade"u8) => KnownHeader.Upgrade,
        10 when Ascii.EqualsIgnoreCase(name, "connection"u8) => KnownHeader.Connection,
        14 when Ascii.EqualsIgnoreCase(name, "content-length"u8) => KnownHeader.ContentLength,
        17 when Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8) => KnownHeader.TransferEncoding,
        _ => KnownHeader.Other,
    };

    // Servers that hand headers on as variables cannot tell '_' from '-' (RFC 3875 §4.1.18).
    private static bool IsDisguise(ReadOnlySpan<byte> name) => name.Length switch
    {
        14 => Ascii.EqualsIgnoreCase(name, "content_length"u8),
        17 => Ascii.EqualsIgnoreCase(name, "transfer_encoding"u8),
        _ => false,
    };
}
