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

    /// <summary>IPv4, and IPv6 where the kernel has it.</summary>
    public IReadOnlyList<CaptureFamily> Families { get; }

    /// <summary>Our sets.</summary>
    public IReadOnlyCollection<string> Sets { get; }

    /// <summary>The values that our kernel settings had before capture, kept in the namespace as comments.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> EarlierSettings { get; init; }

    /// <summary>The values that they have now.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    public FamilyFindings this[CaptureFamily family] => families[family];

    public static CaptureFindings Read(NamespaceTools tools, CaptureOptions options)
    {
        List<CaptureFamily> present = [CaptureFamily.IPv4];
        if (tools.ReadSetting("net.ipv6.conf.lo.disable_ipv6") is not null)
            present.Add(CaptureFamily.IPv6);
        var sets = Output(tools, "ipset", ["list", "-n"]).Where(IsOurs).ToArray();
        var read = present.ToDictionary(family => family, family => FamilyFindings.Read(tools, options, family));
        var findings = new CaptureFindings(present, sets)
        {
            EarlierSettings = [.. CaptureSettings.Earlier(read[CaptureFamily.IPv4].Tables)],
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
            throw new CaptureException($"{tool} {string.Join(' ', arguments)} failed in network namespace {tools.Pod.Name}: {result.Error}");
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static bool IsOurs(string name) => name.StartsWith(CaptureRuleSet.Prefix, StringComparison.Ordinal);
}

/// <summary>What stands in a namespace for one address family.</summary>
internal sealed record FamilyFindings(SavedTables Tables, bool HasRule, bool HasRoute, bool IsDisabled)
{
    public static FamilyFindings Read(NamespaceTools tools, CaptureOptions options, CaptureFamily family)
    {
        var disabled = family == CaptureFamily.IPv6 && tools.ReadSetting("net.ipv6.conf.lo.disable_ipv6") == "1";
        var tables = SavedTables.Parse(CaptureFindings.Output(tools, $"{family.Tool}-save", []));
        var rules = CaptureFindings.Output(tools, "ip", [family.RouteFlag, "-N", "rule", "show"]);
        // A table without routes does not exist for the kernel: then the tool fails, and there is no route.
        var routes = tools.Run("ip", [family.RouteFlag, "-N", "route", "show", "table", Number(options.RouteTable)]);
        return new FamilyFindings(tables, rules.Any(line => IsOurRule(line, options)),
            routes.Output.Split('\n').Any(line => line.Contains("default dev lo", StringComparison.Ordinal)), disabled);
    }

    private static bool IsOurRule(string line, CaptureOptions options) =>
        line.StartsWith($"{options.RulePriority}:", StringComparison.Ordinal)
        && line.Contains($"fwmark 0x{options.DivertMark:x}/0x{options.Mask:x} ", StringComparison.Ordinal)
        && line.TrimEnd().EndsWith($"lookup {options.RouteTable}", StringComparison.Ordinal);

    private static string Number(uint value) => value.ToString(CultureInfo.InvariantCulture);
}
