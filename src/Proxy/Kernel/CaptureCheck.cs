namespace Proxy.Kernel;

/// <summary>Compares what stands in a namespace with what should.</summary>
internal static class CaptureCheck
{
    /// <summary>One sentence for each thing that is missing, foreign or out of order.</summary>
    public static IEnumerable<string> Faults(CaptureOptions options, CaptureFindings found)
    {
        foreach (var family in found.Families)
        {
            foreach (var fault in VariantFaults(options, family, found))
                yield return fault;
            foreach (var fault in RouteFaults(options, family, found))
                yield return fault;
        }
        foreach (var (key, value) in CaptureSettings.Needed(options, found.Settings))
            yield return $"{key} is not {value}";
        foreach (var obstacle in CaptureSettings.Obstacles(found.Settings))
            yield return obstacle;
    }

    /// <summary>What was made and is no longer, and the reverse, though the comments are what they should be.</summary>
    public static IEnumerable<string> Changes(IReadOnlyList<string> made, IReadOnlyList<string> own)
    {
        foreach (var gone in made.Except(own))
            yield return $"a rule that was made is gone: {gone}";
        foreach (var foreign in own.Except(made))
            yield return $"a rule among ours that is not ours: {foreign}";
    }

    /// <summary>The same for the rules of the node's own namespace.</summary>
    public static IEnumerable<string> NodeFaults(CaptureOptions options, CaptureFindings found)
    {
        foreach (var family in found.Families)
        {
            var (command, tables, chains) = (found.Iptables.Command(family), found[family].Tables, NodeRuleSet.Of(options, family));
            foreach (var fault in chains.SelectMany(chain => ChainFaults(command, chain, tables)))
                yield return fault;
            if (chains.Count == 0 && tables.OurChains.Any())
                yield return $"{command}: there are rules of node-proxy, and the family has no probe source";
            if (chains.Count > 0 && !found.Sets.Contains(family.PodSet))
                yield return $"ipset {family.PodSet} is missing";
            if (found[family].OtherTables.OurChains.Any())
                yield return OtherVariantFault(found, family);
        }
    }

    private static IEnumerable<string> VariantFaults(CaptureOptions options, CaptureFamily family, CaptureFindings found)
    {
        var (command, tables) = (found.Iptables.Command(family), found[family].Tables);
        var faults = tables.OurChains.Any()
            ? new CaptureRuleSet(options, family).All.SelectMany(chain => ChainFaults(command, chain, tables))
            : [$"{command}: there are no rules of node-proxy"];
        return found[family].OtherTables.OurChains.Any()
            ? faults.Append(OtherVariantFault(found, family))
            : faults;
    }

    private static string OtherVariantFault(CaptureFindings found, CaptureFamily family) =>
        $"{found.Other!.Command(family)}: there are rules of node-proxy of an earlier time, made with the other variant of iptables";

    private static IEnumerable<string> ChainFaults(string command, CaptureChain chain, SavedTables tables)
    {
        var where = $"{command} -t {chain.Table} {chain.Name}";
        var expected = chain.Rules.Select(rule => rule.Name).ToArray();
        var actual = tables.RulesOf(chain.Table, chain.Name).Select(rule => rule.Name).ToArray();
        foreach (var missing in expected.Except(actual))
            yield return $"{where}: the rule \"{missing}\" is missing";
        foreach (var foreign in actual.Except(expected))
            yield return $"{where}: a rule that is not ours (\"{foreign}\")";
        if (!expected.Except(actual).Any() && !actual.Except(expected).Any() && !expected.SequenceEqual(actual))
            yield return $"{where}: the rules are out of order";
        if (chain.Hook is { } hook && !tables.HasEntriesOf(chain))
            yield return $"{command} -t {chain.Table} {hook}: the way to {chain.Name} is missing or not the first";
    }

    private static IEnumerable<string> RouteFaults(CaptureOptions options, CaptureFamily family, CaptureFindings found)
    {
        foreach (var set in family.Sets)
        {
            if (!found.Sets.Contains(set))
                yield return $"ipset {set} is missing";
        }
        if (found[family].IsDisabled)
            yield break;
        if (!found[family].HasRule)
            yield return $"{family.Name}: the routing rule for mark 0x{options.DivertMark:x}/0x{options.Mask:x} is missing";
        if (!found[family].HasRoute)
            yield return $"{family.Name}: the local default route in table {options.RouteTable} is missing";
    }
}
