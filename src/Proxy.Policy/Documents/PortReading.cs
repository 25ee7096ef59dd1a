using System.Collections.Frozen;
using System.Globalization;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the entries of toPorts.</summary>
internal sealed class PortReading(FaultLog faults)
{
    private const int MaxPorts = 40;
    private const int MaxDigits = 5;

    private static readonly TransportProtocol[] Every = [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp];

    private static readonly FrozenDictionary<string, TransportProtocol[]> Protocols =
        new Dictionary<string, TransportProtocol[]>
        {
            ["TCP"] = [TransportProtocol.Tcp],
            ["UDP"] = [TransportProtocol.Udp],
            ["SCTP"] = [TransportProtocol.Sctp],
            ["ANY"] = Every,
            [""] = Every,
        }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The ports of one entry; none when the list is absent or empty, which allows nothing.</summary>
    public PortMatch Read(ManifestMapping portRule)
    {
        var items = portRule.FindGiven("ports", faults)?.AsItems(faults) ?? [];
        if (items.Count > MaxPorts)
            faults.Add(portRule["ports"]!, $"more than {MaxPorts} ports", "write several entries of toPorts");

        return PortMatch.OneOf(items.SelectMany(ReadPort).ToArray());
    }

    private IEnumerable<PortEntry> ReadPort(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } mapping)
            return [];

        KeySchema.Port.Check(mapping, faults);
        TransportProtocol[]? protocols = Every;
        if (mapping.FindGiven("protocol", faults) is { } word && !word.TryAsWord(faults, Protocols, out protocols))
            return [];

        if (mapping.Find("port") is { } port)
            return ReadNumber(port) is { } number ? protocols.Select(protocol => new PortEntry(protocol, number)) : [];

        faults.Add(node, "a port is missing", "write \"0\" for every port of the protocol");
        return [];
    }

    private ushort? ReadNumber(ManifestNode node)
    {
        var text = (node as ManifestScalar)?.Value ?? "";
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
        if (text.Length > 0 && text.All(c => char.IsAsciiDigit(c) || c == '-'))
            return ("not a port number", "a range is written with endPort, which is not supported yet");

        return text.Any(char.IsAsciiLetter)
            ? ("named ports are not supported yet", "write the container port's number")
            : ("not a port number", "");
    }
}
