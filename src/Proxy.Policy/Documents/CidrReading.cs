using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads ranges of addresses.</summary>
internal sealed class CidrReading(FaultLog faults)
{
    private const int MaxName = 253;
    private static readonly KeySchema Entry = new(["cidr", "cidrGroupRef", "cidrGroupSelector", "except"], []);
    private static readonly KeySchema Block = new(["cidr", "except"], []);

    private readonly RequirementReading _groupLabels = new(LabelSyntax.TryOfObject, faults);

    /// <summary>A list of ranges.</summary>
    public IReadOnlyList<Cidr> ReadList(ManifestNode list) =>
        [.. list.AsItems(faults).Select(ReadRange).OfType<Cidr>()];

    /// <summary><c>fromCIDR</c>, <c>toCIDR</c>.</summary>
    public IReadOnlyList<CidrMatch> ReadMatches(ManifestNode list) =>
        [.. ReadList(list).Select(range => new CidrMatch { Range = range })];

    /// <summary><c>fromCIDRSet</c>, <c>toCIDRSet</c>.</summary>
    public IReadOnlyList<CidrMatch> ReadSet(ManifestNode list) => [.. list.AsItems(faults).Select(ReadEntry).OfType<CidrMatch>()];

    /// <summary><c>ipBlock</c> of a NetworkPolicy, whose exceptions must be smaller than the range.</summary>
    public CidrMatch? ReadBlock(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } block)
            return null;

        Block.Check(block, faults);
        if (block.Find("cidr") is not { } range)
            faults.Add(block, "the cidr is missing");
        else if (ReadRange(range) is { } cidr)
            return new CidrMatch { Range = cidr, Except = ReadExcept(FindInBlock(block), cidr, mayBeEqual: false) };
        return null;
    }

    // Kubernetes takes an empty value for an absent one, as templates write it that have nothing to except.
    private ManifestNode? FindInBlock(ManifestMapping block)
    {
        if (block["except"] is ManifestScalar { IsNull: true } empty)
            faults.Warn(empty, "an empty value excepts nothing", "remove 'except' if that is meant");
        return block.Find("except");
    }

    private CidrMatch? ReadEntry(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } entry)
            return null;

        Entry.Check(entry, faults);
        string[] kinds = ["cidr", "cidrGroupRef", "cidrGroupSelector"];
        if (kinds.Count(kind => entry.Find(kind) is not null) == 1)
            return ReadOneKind(entry);

        faults.Add(entry, "an entry needs exactly one of cidr, cidrGroupRef and cidrGroupSelector", "write several entries");
        return null;
    }

    private CidrMatch? ReadOneKind(ManifestMapping entry)
    {
        if (entry.Find("cidr") is { } range)
            return ReadRange(range) is { } cidr ? new CidrMatch { Range = cidr, Except = ReadExcept(entry.FindGiven("except", faults), cidr, true) } : null;

        // What a group holds is not known here: its exceptions need not lie inside it.
        var except = ReadExcept(entry.FindGiven("except", faults), null, true);
        if (entry.Find("cidrGroupRef") is { } name)
            return ReadName(name) is { } group ? new CidrMatch { GroupName = group, Except = except } : null;

        return new CidrMatch { GroupSelector = new(_groupLabels.Read(entry.Find("cidrGroupSelector")!)), Except = except };
    }

    private string? ReadName(ManifestNode node)
    {
        if (node.AsText(faults) is not { } name)
            return null;

        if (LabelSyntax.IsDnsName(name, MaxName, allowDots: true))
            return name;

        faults.Add(node, "not the name of a CiliumCIDRGroup: lower-case letters, digits, '-' and '.'");
        return null;
    }

    private Cidr[] ReadExcept(ManifestNode? list, Cidr? whole, bool mayBeEqual)
    {
        var exceptions = new List<Cidr>();
        foreach (var node in list?.AsItems(faults) ?? [])
        {
            if (ReadRange(node) is not { } except)
                continue;

            if (whole is { } range && !IsInside(except, range, mayBeEqual))
                faults.Add(node, $"the exception is not inside {range}");
            exceptions.Add(except);
        }

        return [.. exceptions];
    }

    private static bool IsInside(Cidr inner, Cidr outer, bool mayBeEqual) =>
        outer.Contains(inner.Network)
        && (mayBeEqual ? inner.PrefixLength >= outer.PrefixLength : inner.PrefixLength > outer.PrefixLength);

    private Cidr? ReadRange(ManifestNode node)
    {
        if (node.AsText(faults) is not { } text)
            return null;

        // An IPv4 address in the clothes of IPv6 is a range of IPv6 to others, with another meaning of its prefix.
        if (!Cidr.TryParse(text, out var cidr) || (cidr.Network.IsIPv4 && text.Contains(':')))
            faults.Add(node, "not a range of addresses: address/prefix, without leading zeros", HintFor(text));
        else
            return Checked(node, text, cidr);
        return null;
    }

    private Cidr Checked(ManifestNode node, string text, Cidr cidr)
    {
        if (Address.TryParse(text.AsSpan(0, text.IndexOf('/')), out var written) && written != cidr.Network)
            faults.Warn(node, $"the address has bits beyond its prefix: it means {cidr}", $"write {cidr}");
        return cidr;
    }

    private static string HintFor(string text) =>
        Address.TryParse(text, out var address) ? $"write '{address}/{(address.IsIPv4 ? 32 : 128)}' for one address" : "";
}
