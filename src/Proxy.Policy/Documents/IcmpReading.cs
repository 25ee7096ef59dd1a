using System.Collections.Frozen;
using System.Globalization;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads <c>icmps</c>: types of ICMP, by number or by the name that the family has for them.</summary>
internal sealed class IcmpReading(FaultLog faults)
{
    private const int MaxFields = 40;
    private static readonly KeySchema Entry = new(["fields"], []);
    private static readonly KeySchema Field = new(["family", "type"], []);

    private static readonly FrozenDictionary<string, TransportProtocol> Families = new Dictionary<string, TransportProtocol>
    {
        ["IPv4"] = TransportProtocol.Icmp,
        ["IPv6"] = TransportProtocol.IcmpV6,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The types of each entry of the list.</summary>
    public IReadOnlyList<PortMatch> Read(ManifestNode list) => [.. list.AsItems(faults).Select(ReadEntry)];

    private PortMatch ReadEntry(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } entry)
            return PortMatch.OneOf([]);

        Entry.Check(entry, faults);
        var fields = entry.FindGiven("fields", faults)?.AsItems(faults) ?? [];
        if (fields.Count > MaxFields)
            faults.Add(entry["fields"]!, $"more than {MaxFields} fields", "write several entries of icmps");
        else if (fields.Count == 0)
            faults.Warn(entry, "the entry names no type of ICMP: it matches nothing");

        return PortMatch.OneOf([.. fields.Select(ReadField).OfType<PortEntry>()]);
    }

    private PortEntry? ReadField(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } field)
            return null;

        Field.Check(field, faults);
        var family = TransportProtocol.Icmp;
        if (field.FindGiven("family", faults) is { } word && !word.TryAsWord(faults, Families, out family))
            return null;

        if (field.Find("type") is not { } type)
            faults.Add(field, "the type is missing", "write a number from 0 to 255, or a name such as EchoRequest");
        else if (ReadType(type, family) is { } number)
            return new PortEntry(family, number);
        return null;
    }

    private byte? ReadType(ManifestNode node, TransportProtocol family)
    {
        if (node is ManifestScalar scalar && IsNumber(scalar.Value))
        {
            if (byte.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return number;

            faults.Add(node, "a type of ICMP is a number from 0 to 255");
            return null;
        }

        var names = family == TransportProtocol.Icmp ? IcmpTypes.OfIPv4 : IcmpTypes.OfIPv6;
        return node.TryAsWord(faults, names, out var type) ? type : null;
    }

    private static bool IsNumber(string text) =>
        text.Length is > 0 and <= 5 && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0');
}
