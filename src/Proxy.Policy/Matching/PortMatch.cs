namespace Proxy.Policy.Matching;

/// <summary>How closely a rule names a port.</summary>
internal enum PortCover
{
    None,
    EveryPort,
    Protocol,
    Port,
}

/// <summary>
/// Ports of one protocol, from first to last; port 0 is every port of it. With a name: whatever port the server gives that
/// name. Of ICMP one type, which may be 0.
/// </summary>
/// <param name="Protocol">The protocol.</param>
/// <param name="First">The port, or the first of a range; the type of ICMP.</param>
/// <param name="Last">The last of the range, inclusive; equal to <paramref name="First"/> otherwise.</param>
/// <param name="Name">In lower case; then the numbers are 0.</param>
internal readonly record struct PortEntry(TransportProtocol Protocol, ushort First, ushort Last, string? Name)
{
    public PortEntry(TransportProtocol protocol, ushort port)
        : this(protocol, port, port, null)
    {
    }

    public bool IsIcmp => Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6;

    /// <summary>Every port of the protocol.</summary>
    public bool IsWhole => Name is null && First == 0 && !IsIcmp;

    /// <summary>Whether it names the port itself.</summary>
    public bool Names(TransportProtocol protocol, ushort port, NamedPorts? names)
    {
        if (protocol != Protocol || IsWhole)
            return false;

        return Name is null
            ? port >= First && port <= Last
            : names is not null && names.TryFind(protocol, Name, out var number) && number == port;
    }
}

/// <summary>The ports of a rule: every port and protocol, or those listed.</summary>
internal sealed class PortMatch
{
    private readonly PortEntry[] _entries;

    private PortMatch(bool isAny, PortEntry[] entries)
    {
        IsAny = isAny;
        _entries = entries;
    }

    /// <summary>Every port of every protocol.</summary>
    public static PortMatch Any { get; } = new(true, []);

    public bool IsAny { get; }

    public IReadOnlyList<PortEntry> Entries => _entries;

    public static PortMatch OneOf(IEnumerable<PortEntry> entries) => new(false, [.. entries.Distinct()]);

    public PortCover Cover(TransportProtocol protocol, ushort port, NamedPorts? names = null)
    {
        if (IsAny)
            return PortCover.EveryPort;

        var cover = PortCover.None;
        foreach (var entry in _entries)
        {
            if (entry.Names(protocol, port, names))
                return PortCover.Port;

            if (entry.Protocol == protocol && entry.IsWhole)
                cover = PortCover.Protocol;
        }

        return cover;
    }
}
