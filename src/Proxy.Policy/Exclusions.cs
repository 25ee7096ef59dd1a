namespace Proxy.Policy;

/// <summary>
/// The connections of one pod that are neither captured nor judged. Equal when they say the same in the same order.
/// </summary>
public sealed class Exclusions : IEquatable<Exclusions>
{
    /// <summary>The places of one list of ports, where a range takes two: what one rule of the kernel holds.</summary>
    public const int MostPortPlaces = 15;

    /// <summary>The most ranges of addresses.</summary>
    public const int MostCidrs = 16;

    /// <summary>Everything is captured.</summary>
    public static Exclusions None { get; } = new();

    /// <summary>Ports of the pod.</summary>
    public IReadOnlyList<PortRange> InboundPorts { get; init; } = [];

    /// <summary>Ports that the pod dials, as it dials them: a Service's port, not its endpoints'.</summary>
    public IReadOnlyList<PortRange> OutboundPorts { get; init; } = [];

    /// <summary>Addresses that the pod dials, as it dials them.</summary>
    public IReadOnlyList<Cidr> OutboundCidrs { get; init; } = [];

    /// <summary>Whether nothing is excluded.</summary>
    public bool IsEmpty => InboundPorts.Count == 0 && OutboundPorts.Count == 0 && OutboundCidrs.Count == 0;

    /// <summary>Whether connections to this port of the pod are excluded.</summary>
    public bool CoversInbound(ushort port)
    {
        for (var i = 0; i < InboundPorts.Count; i++)
        {
            if (InboundPorts[i].Contains(port))
                return true;
        }

        return false;
    }

    /// <summary>Reads <c>80,443,8000-8010</c>; spaces around an item do not matter.</summary>
    /// <returns>What is wrong with the text, as one sentence without a full stop; null when nothing is.</returns>
    public static string? ReadPorts(string text, out IReadOnlyList<PortRange> ports)
    {
        ArgumentNullException.ThrowIfNull(text);
        ports = [];
        List<PortRange> read = [];
        var places = 0;
        foreach (var item in text.Split(',', MostPortPlaces + 1, StringSplitOptions.TrimEntries))
        {
            if (places >= MostPortPlaces)
                return $"has more than {MostPortPlaces} places (a range takes two)";
            if (!PortRange.TryParse(item, out var range))
                return "must be ports from 1 to 65535, or ranges of them, separated by commas";
            places += range.IsRange ? 2 : 1;
            read.Add(range);
        }

        if (places > MostPortPlaces)
            return $"has more than {MostPortPlaces} places (a range takes two)";
        ports = read;
        return null;
    }

    /// <summary>Reads <c>10.0.0.0/8,fd00::/8</c>; spaces around an item do not matter.</summary>
    /// <returns>What is wrong with the text, as one sentence without a full stop; null when nothing is.</returns>
    public static string? ReadCidrs(string text, out IReadOnlyList<Cidr> cidrs)
    {
        ArgumentNullException.ThrowIfNull(text);
        cidrs = [];
        List<Cidr> read = [];
        foreach (var item in text.Split(',', MostCidrs + 1, StringSplitOptions.TrimEntries))
        {
            if (read.Count == MostCidrs)
                return $"has more than {MostCidrs} ranges";
            if (!Cidr.TryParse(item, out var cidr))
                return "must be ranges of addresses, separated by commas";
            read.Add(cidr);
        }

        cidrs = [.. read.Distinct()];
        return null;
    }

    /// <summary>For people: <c>inbound ports 80,443; outbound ports none; outbound ranges none</c>.</summary>
    public override string ToString() =>
        $"inbound ports {TextOf(InboundPorts)}; outbound ports {TextOf(OutboundPorts)}; outbound ranges {TextOf(OutboundCidrs)}";

    private static string TextOf<T>(IReadOnlyList<T> items) => items.Count == 0 ? "none" : string.Join(',', items);

    /// <inheritdoc/>
    public bool Equals(Exclusions? other) =>
        other is not null
        && InboundPorts.SequenceEqual(other.InboundPorts)
        && OutboundPorts.SequenceEqual(other.OutboundPorts)
        && OutboundCidrs.SequenceEqual(other.OutboundCidrs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Exclusions);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(InboundPorts.Count, OutboundPorts.Count, OutboundCidrs.Count);
}
