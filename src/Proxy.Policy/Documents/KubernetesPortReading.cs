using System.Collections.Frozen;
using System.Globalization;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the ports of an item of a NetworkPolicy.</summary>
internal sealed class KubernetesPortReading(FaultLog faults)
{
    private static readonly KeySchema Port = new(["port", "protocol", "endPort"], []);

    private static readonly FrozenDictionary<string, TransportProtocol> Protocols = new Dictionary<string, TransportProtocol>
    {
        ["TCP"] = TransportProtocol.Tcp,
        ["UDP"] = TransportProtocol.Udp,
        ["SCTP"] = TransportProtocol.Sctp,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public PortMatch Read(IReadOnlyList<ManifestNode> items) => PortMatch.OneOf([.. items.Select(ReadPort).OfType<PortEntry>()]);

    private PortEntry? ReadPort(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } mapping)
            return null;

        Port.Check(mapping, faults);
        var protocol = TransportProtocol.Tcp;
        if (mapping.Find("protocol") is { } word && !word.TryAsWord(faults, Protocols, out protocol))
            return null;

        var end = mapping.Find("endPort");
        return mapping.Find("port") is { } port ? ReadValue(port, end, protocol) : WithoutPort(end, protocol);
    }

    private PortEntry WithoutPort(ManifestNode? end, TransportProtocol protocol)
    {
        if (end is not null)
            faults.Add(end, "endPort needs a port beside it");
        return new PortEntry(protocol, 0);
    }

    // A number is a number only without quotes; in quotes, or with letters, it is a name.
    private PortEntry? ReadValue(ManifestNode node, ManifestNode? end, TransportProtocol protocol)
    {
        if (node is ManifestScalar { IsQuoted: false } plain && plain.Value.Length > 0 && plain.Value.All(char.IsAsciiDigit))
            return ReadNumber(node, plain.Value) is { } number ? ReadRange(number, end, protocol) : null;

        if (node.AsText(faults) is not { } name)
            return null;

        if (!PortName.Is(name) || name.Any(char.IsAsciiLetterUpper))
            faults.Add(
                node, "not the name of a port: at most 15 lower-case letters, digits and single '-', with a letter",
                name.All(char.IsAsciiDigit) ? "write the number without quotes" : "");
        else if (end is not null)
            faults.Add(end, "endPort needs a port number, not a name");
        else
            return new PortEntry(protocol, 0, 0, name);
        return null;
    }

    private ushort? ReadNumber(ManifestNode node, string text)
    {
        if (text[0] != '0' && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;

        faults.Add(node, "a port is a number from 1 to 65535");
        return null;
    }

    private PortEntry? ReadRange(ushort first, ManifestNode? end, TransportProtocol protocol)
    {
        if (end is null)
            return new PortEntry(protocol, first);

        if (end.AsNumber(faults) is not { } last)
            return null;

        if (last >= first && last <= ushort.MaxValue)
            return new PortEntry(protocol, first, (ushort)last, null);

        faults.Add(end, "endPort is a number from the port to 65535");
        return null;
    }
}
