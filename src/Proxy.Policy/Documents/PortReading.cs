using System.Collections.Frozen;
using System.Globalization;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the ports of an entry of toPorts.</summary>
internal sealed class PortReading(FaultLog faults)
{
    private const int MaxPorts = 40;
    private const int MaxDigits = 5;

    private static readonly TransportProtocol[] Every = [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp];

    // No protocol: understood, and no packet of it is judged by ports.
    private static readonly TransportProtocol[] Extended = [];

    private static readonly FrozenDictionary<string, TransportProtocol[]> Protocols =
        new Dictionary<string, TransportProtocol[]>
        {
            ["TCP"] = [TransportProtocol.Tcp],
            ["UDP"] = [TransportProtocol.Udp],
            ["SCTP"] = [TransportProtocol.Sctp],
            ["ANY"] = Every,
            [""] = Every,
            ["VRRP"] = Extended,
            ["IGMP"] = Extended,
            ["GRE"] = Extended,
            ["IPIP"] = Extended,
            ["IPV6"] = Extended,
            ["ESP"] = Extended,
            ["AH"] = Extended,
        }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The ports of one entry; none when the list is absent or empty, which matches nothing.</summary>
    /// <param name="portRule">The entry of toPorts.</param>
    /// <param name="list">In which list the item is.</param>
    /// <param name="isSupported">False when a protocol is named that is not supported yet; its port is left out.</param>
    public PortMatch Read(ManifestMapping portRule, ItemList list, out bool isSupported)
    {
        var items = portRule.FindGiven("ports", faults)?.AsItems(faults) ?? [];
        if (items.Count > MaxPorts)
            faults.Add(portRule["ports"]!, $"more than {MaxPorts} ports", "write several entries of toPorts");
        else if (items.Count == 0)
            faults.Warn(portRule, "the entry names no port: it matches nothing", "remove toPorts if every port is meant");

        var entries = new List<PortEntry>(items.Count);
        isSupported = true;
        foreach (var item in items.Take(MaxPorts))
            isSupported &= TryReadPort(item, list, entries);
        return PortMatch.OneOf(entries);
    }

    private bool TryReadPort(ManifestNode node, ItemList list, List<PortEntry> entries)
    {
        if (node.AsMapping(faults) is not { } mapping)
            return true;

        KeySchema.Port.Check(mapping, faults);
        TransportProtocol[]? protocols = Every;
        if (mapping.FindGiven("protocol", faults) is { } word && !TryAsProtocol(word, out protocols))
            return true;

        if (protocols.Length == 0)
            return CheckExtended(mapping, list);

        if (ReadEntry(mapping) is { } entry)
            entries.AddRange(protocols.Select(protocol => entry with { Protocol = protocol }));
        return true;
    }

    private bool TryAsProtocol(ManifestNode word, out TransportProtocol[] protocols)
    {
        protocols = Every;
        if (word is ManifestScalar { Value: var text } && text.StartsWith("ICMP", StringComparison.OrdinalIgnoreCase))
            faults.Add(word, $"unknown value '{ManifestText.Show(text)}'", "types of ICMP are listed in icmps, beside other items with toPorts");
        else if (word.TryAsWord(faults, Protocols, out var found))
            protocols = found;
        else
            return false;
        return true;
    }

    private bool CheckExtended(ManifestMapping mapping, ItemList list)
    {
        if (mapping.Find("port") is { } port && port is not ManifestScalar { Value: "" or "0" })
            faults.Add(port, "the protocol has no ports", "remove the port");

        faults.Warn(mapping["protocol"]!, $"the protocol {list.WithoutSupport}");
        return false;
    }

    // The protocol is filled in by the caller.
    private PortEntry? ReadEntry(ManifestMapping mapping)
    {
        if (mapping.Find("port") is not { } node || node is ManifestScalar { IsQuoted: true, Value: "" })
        {
            faults.Add(mapping, "a port is missing", "write \"0\" for every port of the protocol");
            return null;
        }

        if (node.AsText(faults) is not { } text)
            return null;

        if (PortName.Is(text))
            return Named(mapping, text);

        return ReadNumber(node, text) is { } first ? ReadRange(mapping, first) : null;
    }

    private PortEntry Named(ManifestMapping mapping, string name)
    {
        if (mapping.FindGiven("endPort", faults) is { } end && end.AsNumber(faults) is not null)
            faults.Warn(end, "endPort is ignored beside the name of a port");
        return new PortEntry(default, 0, 0, name.ToLowerInvariant());
    }

    private PortEntry? ReadRange(ManifestMapping mapping, ushort first)
    {
        if (mapping.FindGiven("endPort", faults) is not { } node)
            return new PortEntry(default, first);

        if (node.AsNumber(faults) is not { } last)
            return null;

        if (last > ushort.MaxValue)
            faults.Add(node, "a port number is at most 65535");
        else if (first == 0 && last > 0)
            faults.Add(node, "a range cannot begin at port 0, which is every port");
        else if (last < first && last > 0)
            faults.Warn(node, "endPort is ignored, because it is below the port", "did you swap port and endPort?");
        return new PortEntry(default, first, (ushort)Math.Clamp(last, first, ushort.MaxValue), null);
    }

    private ushort? ReadNumber(ManifestNode node, string text)
    {
        if (text.Length is > 0 and <= MaxDigits && text.All(char.IsAsciiDigit))
            return ReadDigits(node, text);

        var (reason, hint) = FaultOf(text);
        faults.Add(node, reason, hint);
        return null;
    }

    private ushort? ReadDigits(ManifestNode node, string text)
    {
        if (text.Length > 1 && text[0] == '0')
            faults.Add(node, "a port number with a leading zero reads as octal elsewhere", "write it without the zero");
        else if (int.Parse(text, CultureInfo.InvariantCulture) is <= ushort.MaxValue and var number)
            return (ushort)number;
        else
            faults.Add(node, "a port number is at most 65535");
        return null;
    }

    private static (string Reason, string Hint) FaultOf(string text)
    {
        if (text.Length > 0 && text.All(char.IsAsciiDigit))
            return ("a port number is at most 65535", "");

        return text.Length > 0 && text.All(c => char.IsAsciiDigit(c) || c == '-')
            ? ("not a port number", "a range is written with port and endPort")
            : ("neither a port number nor the name of a port", "a name has at most 15 letters, digits and single '-', with a letter");
    }
}
