using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>
/// What policy takes an address for that is no pod's: a node's, or the API server's. Who listens at a node's address is
/// known; who speaks from it is not: the node, or whoever it masquerades (NodePort). So what comes from the address of
/// another node is <c>remote-node</c>, never a pod, and what comes from the own node's is outside the cluster, unless it
/// has the probe source, which passes uncaptured.
/// </summary>
/// <param name="AsServer">When it is spoken to.</param>
/// <param name="AsClient">When it speaks.</param>
internal sealed record Outsider(Identity AsServer, Identity AsClient)
{
    private const uint ApiServerNumber = 7;
    private const string ApiServerName = "kubernetes";
    private const string ApiServerNamespace = "default";

    private static readonly Outsider OwnNode = new(Identity.Host, Identity.World);
    private static readonly Outsider OtherNode = new(Identity.RemoteNode, Identity.RemoteNode);
    private static readonly Identity ApiServerOutside = ApiServer("world");
    private static readonly Identity ApiServerOnOwnNode = ApiServer("host");
    private static readonly Identity ApiServerOnOtherNode = ApiServer("remote-node");

    /// <summary>All of them, as a node sees them.</summary>
    public static FrozenDictionary<Address, Outsider> Find(IReadOnlyList<object> objects, string nodeName)
    {
        Dictionary<Address, Outsider> found = [];
        foreach (var node in objects.OfType<NodeDocument>())
        {
            foreach (var address in node.Addresses)
                found[address] = node.Name == nodeName ? OwnNode : OtherNode;
        }

        foreach (var address in ApiServerAddresses(objects))
            found[address] = OfApiServer(found.GetValueOrDefault(address));
        return found.ToFrozenDictionary();
    }

    private static IEnumerable<Address> ApiServerAddresses(IReadOnlyList<object> objects) =>
        ServiceTable.SlicesOf(objects)[(ApiServerNamespace, ApiServerName)].SelectMany(slice => slice.Ready);

    private static Outsider OfApiServer(Outsider? node)
    {
        if (node is null)
            return new Outsider(ApiServerOutside, ApiServerOutside);
        return node == OwnNode ? new Outsider(ApiServerOnOwnNode, Identity.World) : new Outsider(ApiServerOnOtherNode, ApiServerOnOtherNode);
    }

    // As Cilium does: the mark of the place where it runs is kept beside its own.
    private static Identity ApiServer(string place) => new(ApiServerNumber, LabelSet.Of(
        (LabelSet.ReservedSource, "kube-apiserver", ""), (LabelSet.ReservedSource, place, "")));
}
