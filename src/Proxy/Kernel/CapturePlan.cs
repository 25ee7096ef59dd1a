using System.Globalization;
using System.Text;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>One command of a plan; the tools "sysctl" and "conntrack" stand for what is done without a process.</summary>
internal sealed record CaptureStep(string Tool, IReadOnlyList<string> Arguments, string Input = "")
{
    /// <summary>As a person would type it.</summary>
    public override string ToString() => Input.Length == 0
        ? $"{Tool} {string.Join(' ', Arguments)}"
        : $"{Tool} {string.Join(' ', Arguments)} <<'END'\n{Input}END";
}

/// <summary>What is to be done in a namespace, in an order in which no moment lets traffic by unjudged.</summary>
internal sealed class CapturePlan(CaptureOptions options, CaptureFindings found)
{
    private static readonly string[] RestoreArguments = ["--noflush", "-w", "10"];

    /// <summary>
    /// The second net comes first: from then on nothing passes that is not captured. What the other variant of iptables
    /// made at an earlier time goes last: until then both ask and both capture, which lets nothing by.
    /// </summary>
    public IEnumerable<CaptureStep> Apply()
    {
        foreach (var family in found.Families)
            yield return Restore(family, family == CaptureFamily.IPv4
                ? [CaptureSettings.State(found), .. RuleSet(family).SecondNet]
                : RuleSet(family).SecondNet);
        foreach (var (key, value) in CaptureSettings.Needed(options, found.Settings))
            yield return new CaptureStep("sysctl", ["-w", $"{key}={value}"]);
        if (MayTrackOlder)
            yield return new CaptureStep("conntrack", ["-F"]);
        yield return new CaptureStep("ip", ["link", "set", "dev", "lo", "up"]);
        yield return new CaptureStep("ipset", ["restore", "-exist"], string.Concat(found.Families.Select(Sets)));
        foreach (var step in found.Families.Where(family => !found[family].IsDisabled).SelectMany(AddRoute))
            yield return step;
        foreach (var family in found.Families)
            yield return Restore(family, RuleSet(family).Capture);
        foreach (var step in DeleteLeftOver(isSecondNet: false).Concat(DeleteLeftOver(isSecondNet: true)))
            yield return step;
    }

    /// <summary>The reverse: the second net goes last.</summary>
    public IEnumerable<CaptureStep> Remove()
    {
        foreach (var step in Delete(isSecondNet: false).Concat(DeleteLeftOver(isSecondNet: false)))
            yield return step;
        foreach (var set in found.Sets)
            yield return new CaptureStep("ipset", ["destroy", set]);
        foreach (var step in found.Families.SelectMany(DeleteRoute))
            yield return step;
        foreach (var (key, value) in found.EarlierSettings)
            yield return new CaptureStep("sysctl", ["-w", $"{key}={value}"]);
        foreach (var step in Delete(isSecondNet: true).Concat(DeleteLeftOver(isSecondNet: true)))
            yield return step;
    }

    /// <summary>The node's own namespace instead of a pod's: the rules and the set of its enrolled pods, swapped as a whole.</summary>
    public IEnumerable<CaptureStep> ApplyToNode(IReadOnlyCollection<Address> pods)
    {
        foreach (var family in found.Families)
        {
            var chains = NodeRuleSet.Of(options, family);
            if (chains.Count == 0)
            {
                foreach (var step in Delete(family, found.Iptables, found[family].Tables, isSecondNet: false))
                    yield return step;
                continue;
            }
            yield return new CaptureStep("ipset", ["restore", "-exist"], PodSet(family, pods));
            yield return Restore(family, chains);
        }
        foreach (var step in DeleteLeftOver(isSecondNet: false))
            yield return step;
    }

    private static string PodSet(CaptureFamily family, IReadOnlyCollection<Address> pods)
    {
        const int MostPods = 65536;
        var (script, next) = (new StringBuilder(), $"{family.PodSet}_NEXT");
        foreach (var name in (string[])[family.PodSet, next])
            script.Append(CultureInfo.InvariantCulture, $"create {name} hash:ip family {family.SetFamily} maxelem {MostPods}\n");
        script.Append(CultureInfo.InvariantCulture, $"flush {next}\n");
        foreach (var address in pods.Where(address => address.IsIPv4 == (family == CaptureFamily.IPv4)))
            script.Append(CultureInfo.InvariantCulture, $"add {next} {address}\n");
        return script.Append(CultureInfo.InvariantCulture, $"swap {next} {family.PodSet}\ndestroy {next}\n").ToString();
    }

    // Others may have tracked connections before, and as long as tracking is loose one may be taken up in its midst, its
    // ends mistaken for each other: none of these may pass as one that an exclusion let begin.
    private bool MayTrackOlder =>
        (options.HasBypass && CaptureSettings.TracksLoosely(found.Settings)) || !found.Families.All(HasBegun);

    // The rules that turn tracking off are made after what was tracked is forgotten. Who flushes them leaves chains behind.
    private bool HasBegun(CaptureFamily family) => TurnsOff(family, found[family].Tables) || TurnsOff(family, found[family].OtherTables);

    private bool TurnsOff(CaptureFamily family, SavedTables tables) => RuleSet(family).Capture.Where(chain => chain.Table == "raw").All(chain =>
        tables.IsEntered(chain) && tables.RulesOf(chain.Table, chain.Name).Any(rule => rule.Target == "CT"));

    private CaptureRuleSet RuleSet(CaptureFamily family) => new(options, family);

    // --noflush leaves foreign chains alone; naming a chain of ours empties it; each table is changed at once.
    private CaptureStep Restore(CaptureFamily family, IReadOnlyList<CaptureChain> chains)
    {
        var script = new StringBuilder();
        foreach (var table in chains.GroupBy(chain => chain.Table))
        {
            script.Append(CultureInfo.InvariantCulture, $"*{table.Key}\n");
            foreach (var chain in table)
                script.Append(CultureInfo.InvariantCulture, $":{chain.Name} - [0:0]\n");
            foreach (var chain in table)
                AppendRules(script, chain, found[family].Tables);
            script.Append("COMMIT\n");
        }
        return new CaptureStep(found.Iptables.Restore(family), RestoreArguments, script.ToString());
    }

    private static void AppendRules(StringBuilder script, CaptureChain chain, SavedTables saved)
    {
        foreach (var rule in chain.Rules)
            script.Append(CultureInfo.InvariantCulture, $"-A {chain.Name} {rule.Text}\n");
        if (chain.Hook is null || saved.HasEntriesOf(chain))
            return;
        foreach (var entry in saved.Entries.Where(entry => entry.Table == chain.Table && entry.Entered == chain.Name))
            script.Append(CultureInfo.InvariantCulture, $"{Undo(entry)}\n");
        foreach (var (index, entry) in chain.Entries.Index())
            script.Append(CultureInfo.InvariantCulture, $"-I {chain.Hook} {index + 1} {entry.Text}\n");
    }

    private static string Undo(SavedRule rule) => "-D" + rule.Line[2..];

    private string Sets(CaptureFamily family) => string.Concat(
        family.Sets.Select(name => string.Create(CultureInfo.InvariantCulture,
            $"create {name} hash:ip,port family {family.SetFamily} timeout {(int)options.AllowSetTime.TotalSeconds} maxelem {options.AllowSetLimit} forceadd\n")));

    private IEnumerable<CaptureStep> AddRoute(CaptureFamily family)
    {
        if (!found[family].HasRoute)
            yield return Ip(family, $"route replace local default dev lo table {options.RouteTable}");
        if (!found[family].HasRule)
            yield return Ip(family, $"rule add {RuleText}");
    }

    private IEnumerable<CaptureStep> DeleteRoute(CaptureFamily family)
    {
        if (found[family].HasRule)
            yield return Ip(family, $"rule del {RuleText}");
        if (found[family].HasRoute)
            yield return Ip(family, $"route del local default dev lo table {options.RouteTable}");
    }

    private string RuleText => $"priority {options.RulePriority} fwmark 0x{options.DivertMark:x}/0x{options.Mask:x} lookup {options.RouteTable}";

    private static CaptureStep Ip(CaptureFamily family, string command) => new("ip", [family.RouteFlag, .. command.Split(' ')]);

    private IEnumerable<CaptureStep> Delete(bool isSecondNet) =>
        found.Families.SelectMany(family => Delete(family, found.Iptables, found[family].Tables, isSecondNet));

    private IEnumerable<CaptureStep> DeleteLeftOver(bool isSecondNet) => found.Other is { } other
        ? found.Families.SelectMany(family => Delete(family, other, found[family].OtherTables, isSecondNet))
        : [];

    private IEnumerable<CaptureStep> Delete(CaptureFamily family, Iptables iptables, SavedTables saved, bool isSecondNet)
    {
        var script = new StringBuilder();
        var chains = saved.OurChains.Where(chain => CaptureRuleSet.IsSecondNet(chain.Name) == isSecondNet).ToList();
        var entries = saved.Entries.Where(entry => CaptureRuleSet.IsSecondNet(entry.Entered) == isSecondNet && (saved.IsEntry(entry) || IsOurText(family, entry))).ToList();
        foreach (var table in chains.Select(chain => chain.Table).Union(entries.Select(entry => entry.Table)))
            AppendDeletion(script, table, entries.Where(entry => entry.Table == table), [.. chains.Where(chain => chain.Table == table).Select(chain => chain.Name)]);
        if (script.Length > 0)
            yield return new CaptureStep(iptables.Restore(family), RestoreArguments, script.ToString());
    }

    // A way in may only name its chain, and stay when that is gone; the comment of somebody else's rule may name any.
    private bool IsOurText(CaptureFamily family, SavedRule entry) =>
        RuleSet(family).All.Any(chain => chain.Table == entry.Table && chain.Hook is not null && chain.EntryLines.Contains(entry.Line));

    private static void AppendDeletion(StringBuilder script, string table, IEnumerable<SavedRule> entries, IReadOnlyList<string> chains)
    {
        script.Append(CultureInfo.InvariantCulture, $"*{table}\n");
        foreach (var entry in entries)
            script.Append(CultureInfo.InvariantCulture, $"{Undo(entry)}\n");
        foreach (var chain in chains)
            script.Append(CultureInfo.InvariantCulture, $"-F {chain}\n");
        foreach (var chain in chains)
            script.Append(CultureInfo.InvariantCulture, $"-X {chain}\n");
        script.Append("COMMIT\n");
    }
}
