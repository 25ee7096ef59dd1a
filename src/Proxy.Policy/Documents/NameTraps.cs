namespace Proxy.Policy.Documents;

/// <summary>Warns of names whose addresses nobody learns: that takes rules about the answers of the resolver.</summary>
internal sealed class NameTraps(FaultLog faults)
{
    public void Look(IEnumerable<ManifestNode> rules)
    {
        ManifestMapping[] items = [.. rules.OfType<ManifestMapping>().SelectMany(ItemsOf)];
        if (items.FirstOrDefault(item => item.Find("toFQDNs") is not null) is { } first && !items.Any(HasDnsRules))
            faults.Warn(
                first["toFQDNs"]!, "no rule of this document is about dns: the addresses of these names are never learned",
                "add an item for port 53 of the resolver with rules.dns");
    }

    private static IEnumerable<ManifestMapping> ItemsOf(ManifestMapping rule) =>
        (rule["egress"] as ManifestSequence)?.Items.OfType<ManifestMapping>() ?? [];

    private static bool HasDnsRules(ManifestMapping item) =>
        item["toPorts"] is ManifestSequence entries
        && entries.Items.Any(entry => entry is ManifestMapping mapping && mapping["rules"] is ManifestMapping rules && rules.Find("dns") is not null);
}
