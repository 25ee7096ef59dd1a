using System.Globalization;

namespace Proxy.Policy;

/// <summary>A range of addresses of one family.</summary>
/// <param name="Network">Any address of the range; bits beyond the prefix are ignored.</param>
/// <param name="PrefixLength">0 to 32 for IPv4, 0 to 128 for IPv6.</param>
public readonly record struct Cidr(Address Network, int PrefixLength)
{
    /// <summary>Whether the address is of this family and inside the range.</summary>
    public bool Contains(Address a)
    {
        if (a.IsIPv4 != Network.IsIPv4)
            return false;

        return ((a.Bits ^ Network.Bits) & Mask(Network.IsIPv4, PrefixLength)) == UInt128.Zero;
    }

    /// <summary>Reads <c>address/prefix</c>; the prefix is required, and bits beyond it are cleared.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Cidr cidr)
    {
        cidr = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !Address.TryParse(text[..slash], out var address))
            return false;

        var digits = text[(slash + 1)..];
        // The system's reader of numbers takes a NUL behind them.
        if (digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0') || digits.ContainsAnyExceptInRange('0', '9')
            || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            return false;

        if (length > (address.IsIPv4 ? 32 : 128))
            return false;

        var network = new Address(address.Bits & Mask(address.IsIPv4, length));
        cidr = new Cidr(network, length);
        return true;
    }

    /// <summary>As it is written in a manifest.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}/{PrefixLength}");

    /// <summary>The lowest address.</summary>
    internal Address First => new(Network.Bits & Mask(Network.IsIPv4, PrefixLength));

    /// <summary>The highest address.</summary>
    internal Address Last => new(Network.Bits | ~Mask(Network.IsIPv4, PrefixLength));

    private static UInt128 Mask(bool isIPv4, int length)
    {
        var host = (isIPv4 ? 32 : 128) - length;
        return host >= 128 ? UInt128.Zero : UInt128.MaxValue << host;
    }
}
