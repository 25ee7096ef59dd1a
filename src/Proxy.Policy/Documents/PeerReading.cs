using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>The peers of one item.</summary>
/// <param name="Match">Whom it names; nobody when the kind is not supported yet.</param>
/// <param name="IsSupported">Whether that is all that it names.</param>
internal readonly record struct ItemPeers(PeerMatch Match, bool IsSupported);

/// <summary>Reads the peers of an item of one of the four lists.</summary>
internal sealed class PeerReading(SelectorReading selectors, FaultLog faults)
{
    private static readonly KeySchema Group = new(["aws"], []);
    private static readonly KeySchema AwsGroup = new(["labels", "securityGroupsIds", "securityGroupsNames", "region"], []);
    private static readonly string[] Kinds = ["Endpoints", "CIDR", "CIDRSet", "Entities", "Services", "Groups", "Nodes", "FQDNs"];

    private readonly CidrReading _ranges = new(faults);
    private readonly EntityReading _entities = new(faults);
    private readonly ServiceReading _services = new(faults);
    private readonly FqdnReading _names = new(faults);

    public ItemPeers Read(ManifestMapping item, ItemList list, bool hasInitSubject)
    {
        CheckRequires(item, list);
        // What the list does not know at all is refused as such.
        var given = Kinds.Where(kind => list.Items.Knows(list.PeerKey(kind)) && Find(item, list.PeerKey(kind)) is not null).ToList();
        if (given.Count > 1)
            faults.Add(item, $"{list.PeerKey(given[0])} and {list.PeerKey(given[1])} cannot stand in one item", "write an item for each");

        return given.Count == 0
            ? new ItemPeers(PeerMatch.Any, true)
            : ReadKind(given[0], item[list.PeerKey(given[0])]!, list, hasInitSubject);
    }

    private ItemPeers ReadKind(string kind, ManifestNode node, ItemList list, bool hasInitSubject) => kind switch
    {
        "Endpoints" => Supported(PeerMatch.OneOf(ReadEndpoints(node, list, hasInitSubject))),
        "CIDR" => Supported(PeerMatch.OneOf(_ranges.ReadMatches(node))),
        "CIDRSet" => Supported(PeerMatch.OneOf(_ranges.ReadSet(node))),
        "Entities" => Supported(PeerMatch.OneOf(_entities.Read(node))),
        "Services" => Supported(PeerMatch.OneOf(_services.Read(node))),
        "Groups" => Unsupported(kind, node, list, CheckGroup),
        "Nodes" => Unsupported(kind, node, list, peer => selectors.ReadAnywhere(peer)),
        _ => ReadNames(kind, node, list),
    };

    private LabelSelector[] ReadEndpoints(ManifestNode node, ItemList list, bool hasInitSubject)
    {
        var items = node.AsItems(faults);
        foreach (var item in items.Where(item => item is ManifestMapping { Entries.Count: 0 }))
            WarnOfBraces(item, list);
        return [.. items.Select(item => selectors.ReadPeer(item, hasInitSubject))];
    }

    private void WarnOfBraces(ManifestNode item, ItemList list)
    {
        var chosen = selectors.IsOfCluster ? "every pod" : "every pod of the policy's namespace";
        faults.Warn(
            item, $"'{{}}' is not everybody: it chooses {chosen}, and neither nodes nor what is outside the cluster",
            $"write '{list.PeerKey("Entities")}: [all]' if everybody is meant");
    }

    private ItemPeers ReadNames(string kind, ManifestNode node, ItemList list)
    {
        _names.Check(node);
        return Unsupported(kind, node, list, _ => { });
    }

    private static ItemPeers Supported(PeerMatch match) => new(match, true);

    // An empty list of them is nobody, as every empty list is.
    private ItemPeers Unsupported(string kind, ManifestNode node, ItemList list, Action<ManifestNode> check)
    {
        var items = node.AsItems(faults);
        foreach (var item in items)
            check(item);

        if (items.Count > 0)
            faults.Warn(node, $"{list.PeerKey(kind)} {list.WithoutSupport}");
        return new ItemPeers(PeerMatch.Nobody, items.Count == 0);
    }

    private void CheckGroup(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } group)
            return;

        Group.Check(group, faults);
        if (group.Find("aws")?.AsMapping(faults) is { } aws)
            AwsGroup.Check(aws, faults);
    }

    private void CheckRequires(ManifestMapping item, ItemList list)
    {
        var key = list.PeerKey("Requires");
        if (item.Find(key) is { } requires && requires.AsItems(faults).Count > 0)
            faults.Add(requires, $"{key} is no longer part of the language", $"put the labels into each of {list.PeerKey("Endpoints")}");
    }

    // Kubernetes reads null as absent. The item may then be about everybody, which is hardly what was meant.
    private ManifestNode? Find(ManifestMapping item, string key)
    {
        if (item[key] is ManifestScalar { IsNull: true } empty)
            faults.Warn(empty, $"an empty {key} is an absent one: the item names no peers", "write '[]' for nobody, or remove the key");
        return item.Find(key);
    }
}
