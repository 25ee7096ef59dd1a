using System.Globalization;
using System.Text;

namespace Proxy.Kernel;

/// <summary>Capture as text for people.</summary>
internal static class CaptureText
{
    public static void Append(StringBuilder text, NamespaceTools tools, CaptureOptions options, CaptureFamily family)
    {
        text.Append(CultureInfo.InvariantCulture, $"{family.Name} rules of {tools.Iptables} ([packets:bytes]):\n");
        var table = "";
        foreach (var line in CaptureFindings.Output(tools, tools.Iptables.Save(family), ["-c"]))
        {
            if (line.StartsWith('*'))
                table = line[1..].Trim();
            else if (line.StartsWith('[') && line.Contains(CaptureRuleSet.Prefix, StringComparison.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"  {table,-6} {line}\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"{family.Name} routing:\n");
        AppendLines(text, tools.Run("ip", [family.RouteFlag, "rule", "show"]).Output, options.RouteTable);
        var number = options.RouteTable.ToString(CultureInfo.InvariantCulture);
        AppendLines(text, tools.Run("ip", [family.RouteFlag, "route", "show", "table", number]).Output, null);
    }

    public static void AppendSets(StringBuilder text, NamespaceTools tools, IReadOnlyCollection<string> sets)
    {
        text.Append("allow sets:\n");
        foreach (var set in sets)
        {
            var entries = CaptureFindings.Output(tools, "ipset", ["list", set]).SkipWhile(line => line != "Members:").Skip(1).ToArray();
            text.Append(CultureInfo.InvariantCulture, $"  {set}: {entries.Length} remembered\n");
            foreach (var entry in entries)
                text.Append(CultureInfo.InvariantCulture, $"    {entry}\n");
        }
    }

    public static void AppendForeign(StringBuilder text, IReadOnlyList<string> foreign)
    {
        if (foreign.Count > 0)
            text.Append("of others, left alone:\n");
        foreach (var line in foreign)
            text.Append(CultureInfo.InvariantCulture, $"  {line}\n");
    }

    public static void AppendFaults(StringBuilder text, IReadOnlyList<string> faults)
    {
        text.Append(faults.Count == 0 ? "capture stands\n" : "missing or wrong:\n");
        foreach (var fault in faults)
            text.Append(CultureInfo.InvariantCulture, $"  {fault}\n");
    }

    private static void AppendLines(StringBuilder text, string lines, uint? table)
    {
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (table is null || line.Contains($"lookup {table}", StringComparison.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"  {line.Trim()}\n");
        }
    }
}
