namespace Proxy.Policy.Matching;

/// <summary>How closely a rule names a port.</summary>
internal enum PortCover
{
    None,
    EveryPort,
    Protocol,
    Port,
}

/// <summary>One port of one protocol; port 0 is every port of it.</summary>
internal readonly record struct PortEntry(TransportProtocol Protocol, ushort Port);

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

    public PortCover Cover(TransportProtocol protocol, ushort port)
    {
        if (IsAny)
            return PortCover.EveryPort;

        var cover = PortCover.None;
        foreach (var entry in _entries)
        {
            if (entry.Protocol != protocol)
                continue;

            if (entry.Port == port && port != 0)
                return PortCover.Port;

            if (entry.Port == 0)
                cover = PortCover.Protocol;
        }

        return cover;
    }
}
