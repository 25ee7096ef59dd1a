using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Proxy.Policy;

/// <summary>
/// An IPv4 or IPv6 address as 128 bits in network order; IPv4 is held as <c>::ffff:a.b.c.d</c>, so that the
/// address of a dual-stack socket and the one written in a manifest are equal.
/// </summary>
/// <param name="Bits">The address as a number, most significant byte first.</param>
public readonly record struct Address(UInt128 Bits) : IComparable<Address>
{
    private const int MappedPrefix = 0xffff;
    private const int LongestText = 45;
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");
    private static readonly UInt128 LoopbackIPv6 = 1;

    /// <summary>Whether this is an IPv4 address (or an IPv6 address that carries one).</summary>
    public bool IsIPv4 => Bits >> 32 == MappedPrefix;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsIPv4 ? (byte)(Bits >> 24) == 127 : Bits == LoopbackIPv6;

    /// <summary>Reads a plain address: four decimal parts without leading zeros, or IPv6 without scope or brackets.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        return text.Contains(':') ? TryParseIPv6(text, out address) : TryParseIPv4(text, out address);
    }

    /// <summary>Reads 4 or 16 bytes in network order.</summary>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static Address FromBytes(ReadOnlySpan<byte> networkOrder4or16) => networkOrder4or16.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(networkOrder4or16)),
        16 => new Address(BinaryPrimitives.ReadUInt128BigEndian(networkOrder4or16)),
        _ => throw new ArgumentException("An address has 4 or 16 bytes.", nameof(networkOrder4or16)),
    };

    /// <summary>Converts; a scope id is dropped.</summary>
    public static Address From(IPAddress ip)
    {
        ArgumentNullException.ThrowIfNull(ip);
        Span<byte> bytes = stackalloc byte[16];
        return ip.TryWriteBytes(bytes, out var written) ? FromBytes(bytes[..written]) : default;
    }

    /// <summary>Converts; IPv4 becomes a four-byte address.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..WriteBytes(bytes)]);
    }

    /// <summary>Writes 4 or 16 bytes in network order and returns how many.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short.</exception>
    public int WriteBytes(Span<byte> destination)
    {
        var length = IsIPv4 ? 4 : 16;
        if (destination.Length < length)
            throw new ArgumentException("Too short for the address.", nameof(destination));

        if (IsIPv4)
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)Bits);
        else
            BinaryPrimitives.WriteUInt128BigEndian(destination, Bits);
        return length;
    }

    /// <inheritdoc/>
    public int CompareTo(Address other) => Bits.CompareTo(other.Bits);

    /// <summary>The canonical text: dotted for IPv4, RFC 5952 for IPv6.</summary>
    public override string ToString() => ToIPAddress().ToString();

    /// <summary>Compares as numbers.</summary>
    public static bool operator <(Address left, Address right) => left.Bits < right.Bits;

    /// <summary>Compares as numbers.</summary>
    public static bool operator <=(Address left, Address right) => left.Bits <= right.Bits;

    /// <summary>Compares as numbers.</summary>
    public static bool operator >(Address left, Address right) => left.Bits > right.Bits;

    /// <summary>Compares as numbers.</summary>
    public static bool operator >=(Address left, Address right) => left.Bits >= right.Bits;

    private static Address FromIPv4(uint value) => new(((UInt128)MappedPrefix << 32) | value);

    // IPAddress.TryParse takes "1", "0x7f.1" and octal parts, which other readers of the same text understand otherwise.
    private static bool TryParseIPv4(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        var value = 0u;
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            if (++parts > 4 || !TryParsePart(text[range], out var part))
                return false;

            value = (value << 8) | part;
        }

        address = FromIPv4(value);
        return parts == 4;
    }

    private static bool TryParsePart(ReadOnlySpan<char> text, out uint part)
    {
        part = 0;
        if (text.Length is 0 or > 3 || (text.Length > 1 && text[0] == '0'))
            return false;

        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
                return false;

            part = (part * 10) + (uint)(c - '0');
        }

        return part <= byte.MaxValue;
    }

    private static bool TryParseIPv6(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        if (text.Length > LongestText || text.ContainsAnyExcept(IPv6Characters))
            return false;

        if (!IPAddress.TryParse(text, out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6)
            return false;

        address = From(ip);
        return true;
    }
}
