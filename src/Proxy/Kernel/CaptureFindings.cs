using System.Globalization;

namespace Proxy.Kernel;

/// <summary>What stands in a namespace now, read before anything is changed.</summary>
internal sealed class CaptureFindings
{
    private readonly Dictionary<CaptureFamily, FamilyFindings> families = [];

    private CaptureFindings(IReadOnlyList<CaptureFamily> present, IReadOnlyCollection<string> sets)
    {
        Families = present;
        Sets = sets;
    }

    /// <summary>The variant that the rules are to be made with.</summary>
    public required Iptables Iptables { get; init; }

    /// <summary>The other variant, where it is installed.</summary>
    public required Iptables? Other { get; init; }

    /// <summary>IPv4, and IPv6 where the kernel has it.</summary>
    public IReadOnlyList<CaptureFamily> Families { get; }

    /// <summary>Our sets.</summary>
    public IReadOnlyCollection<string> Sets { get; }

    /// <summary>The values that our kernel settings had before capture, kept in the namespace as comments.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> EarlierSettings { get; init; }

    /// <summary>The values that they have now.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Tables that nft made and iptables does not show.</summary>
    public required IReadOnlyList<string> NftTables { get; init; }

    /// <summary>Whether anything of ours is there.</summary>
    public bool IsCaptured => Sets.Count > 0
        || families.Values.Any(family => family.HasRule || family.Tables.OurChains.Any() || family.OtherTables.OurChains.Any());

    /// <summary>The rules in chains of ours, as the tools print them, without counters.</summary>
    public IReadOnlyList<string> OwnRules => [.. Families.SelectMany(family => families[family].Tables.OurChains
        .SelectMany(chain => families[family].Tables.RulesOf(chain.Table, chain.Name))
        .Select(rule => $"{family.Name} {rule.Table} {rule.Line}"))];

    public FamilyFindings this[CaptureFamily family] => families[family];

    public static CaptureFindings Read(NamespaceTools tools, CaptureOptions options)
    {
        var present = CaptureFamily.PresentIn(tools);
        var sets = Output(tools, "ipset", ["list", "-n"]).Where(IsOurs).ToArray();
        var read = present.ToDictionary(family => family, family => FamilyFindings.Read(tools, options, family));
        var findings = new CaptureFindings(present, sets)
        {
            Iptables = tools.Iptables,
            Other = tools.Other,
            EarlierSettings = EarlierSettingsOf(read[CaptureFamily.IPv4]),
            NftTables = ReadNftTables(tools),
            Settings = CaptureSettings.Read(tools),
        };
        foreach (var (family, found) in read)
            findings.families.Add(family, found);
        return findings;
    }

    internal static IEnumerable<string> Output(NamespaceTools tools, string tool, string[] arguments)
    {
        var result = tools.Run(tool, arguments);
        if (!result.Succeeded)
            throw new CaptureException($"{tool} {string.Join(' ', arguments)} failed in network namespace {tools.Pod.Name}: {Remedies.Explain(result.Error)}");
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static bool IsOurs(string name) => name.StartsWith(CaptureRuleSet.Prefix, StringComparison.Ordinal);

    // The other variant kept the values if it made the rules at an earlier time.
    private static KeyValuePair<string, string>[] EarlierSettingsOf(FamilyFindings found)
    {
        KeyValuePair<string, string>[] earlier = [.. CaptureSettings.Earlier(found.Tables)];
        return earlier.Length > 0 ? earlier : [.. CaptureSettings.Earlier(found.OtherTables)];
    }

    // Only where nf_tables is in use anyway.
    private static string[] ReadNftTables(NamespaceTools tools)
    {
        if (!tools.IsInstalled("nft") || (tools.Iptables.Variant == IptablesVariant.Legacy && tools.Other is null))
            return [];
        var result = tools.Run("nft", ["list", "tables"]);
        return [.. result.Output.Split('\n').Where(line => line.StartsWith("table ", StringComparison.Ordinal)).Select(line => line[6..].Trim()).Where(IsHidden)];
    }

    private static bool IsHidden(string table) =>
        table.Split(' ') is not ["ip" or "ip6", "raw" or "mangle" or "nat" or "filter" or "security"];
}

/// <summary>What stands in a namespace for one address family.</summary>
internal sealed record FamilyFindings
{
    /// <summary>What the variant that is used shows.</summary>
    public required SavedTables Tables { get; init; }

    /// <summary>What the other variant shows.</summary>
    public required SavedTables OtherTables { get; init; }

    /// <summary>Why the other variant's rules are not known; empty: they are.</summary>
    public required string Unseen { get; init; }

    /// <summary>The routing rules that come before ours, and before which only the kernel's own comes.</summary>
    public required IReadOnlyList<string> RulesBeforeOurs { get; init; }

    public required bool HasRule { get; init; }

    public required bool HasRoute { get; init; }

    public required bool IsDisabled { get; init; }

    public static FamilyFindings Read(NamespaceTools tools, CaptureOptions options, CaptureFamily family)
    {
        var (other, unseen) = ReadOther(tools, family);
        var rules = CaptureFindings.Output(tools, "ip", [family.RouteFlag, "-N", "rule", "show"]).ToArray();
        // A table without routes does not exist for the kernel: then the tool fails, and there is no route.
        var routes = tools.Run("ip", [family.RouteFlag, "-N", "route", "show", "table", Number(options.RouteTable)]);
        return new FamilyFindings
        {
            Tables = SavedTables.Parse(CaptureFindings.Output(tools, tools.Iptables.Save(family), [])),
            OtherTables = other,
            Unseen = unseen,
            RulesBeforeOurs = [.. rules.Where(line => IsBeforeOurs(line, options))],
            HasRule = rules.Any(line => IsOurRule(line, options)),
            HasRoute = routes.Output.Split('\n').Any(line => line.Contains("default dev lo", StringComparison.Ordinal)),
            IsDisabled = family == CaptureFamily.IPv6 && tools.ReadSetting("net.ipv6.conf.lo.disable_ipv6") == "1",
        };
    }

    // Rules there that nobody can read let nothing by: a packet has to pass both variants. So that is told, and no fault.
    private static (SavedTables Tables, string Unseen) ReadOther(NamespaceTools tools, CaptureFamily family)
    {
        var isLegacy = tools.Iptables.Variant == IptablesVariant.Nft;
        var names = isLegacy ? tools.ReadLegacyTables(family) : [];
        if (isLegacy && names.Count == 0)
            return (SavedTables.None, "");
        if (tools.Other is not { } other)
            return (SavedTables.None, isLegacy ? $"{family.Tool}-legacy has tables here ({string.Join(", ", names)}) and is not installed: what they hold is not known" : "");
        var result = tools.Run(other.Save(family), []);
        if (Remedies.SaysNoNftables(result.Error))
            return (SavedTables.None, "");
        return result.Succeeded
            ? (SavedTables.Parse(result.Output.Split('\n')), "")
            : (SavedTables.None, $"{other.Save(family)} fails, what {other} holds is not known: {Remedies.Explain(result.Error)}");
    }

    private static bool IsOurRule(string line, CaptureOptions options) =>
        line.StartsWith($"{options.RulePriority}:", StringComparison.Ordinal)
        && line.Contains($"fwmark 0x{options.DivertMark:x}/0x{options.Mask:x} ", StringComparison.Ordinal)
        && line.TrimEnd().EndsWith($"lookup {options.RouteTable}", StringComparison.Ordinal);

    private static bool IsBeforeOurs(string line, CaptureOptions options) =>
        uint.TryParse(line.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var priority)
        && priority > 0 && priority < options.RulePriority;

    private static string Number(uint value) => value.ToString(CultureInfo.InvariantCulture);
}
