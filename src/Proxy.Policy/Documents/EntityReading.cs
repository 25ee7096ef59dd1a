using System.Collections.Frozen;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>Reads the names of what is no set of pods, each of which stands for selectors of reserved labels.</summary>
internal sealed class EntityReading(FaultLog faults)
{
    private static readonly LabelSelector[] Cluster =
    [
        .. new[] { "host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver" }.Select(Reserved),
        SelectorReading.EveryNamespace,
    ];

    private static readonly FrozenDictionary<string, LabelSelector[]> Entities = new Dictionary<string, LabelSelector[]>
    {
        ["all"] = [new([])],
        ["world"] = [Reserved("world")],
        ["cluster"] = Cluster,
        ["cluster-mesh"] = Cluster,
        ["host"] = [Reserved("host")],
        ["remote-node"] = [Reserved("remote-node")],
        ["kube-apiserver"] = [Reserved("kube-apiserver")],
        ["ingress"] = [Reserved("ingress")],
        ["init"] = [Reserved("init")],
        ["health"] = [Reserved("health")],
        ["unmanaged"] = [Reserved("unmanaged")],
        ["none"] = [],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public IReadOnlyList<LabelSelector> Read(ManifestNode list)
    {
        var selectors = new List<LabelSelector>();
        foreach (var item in list.AsItems(faults))
        {
            if (item.TryAsWord(faults, Entities, out var chosen))
                selectors.AddRange(chosen);
        }

        return selectors;
    }

    private static LabelSelector Reserved(string name) =>
        new([new LabelRequirement(LabelSet.ReservedSource, name, LabelOperator.Exists, [])]);
}
