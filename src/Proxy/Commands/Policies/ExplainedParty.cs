using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Commands.Policies;

/// <summary>A client or server as a command line names it.</summary>
/// <param name="Name">As it was written.</param>
/// <param name="Identity">What policy sees.</param>
/// <param name="Address">Of a peer outside the cluster.</param>
/// <param name="Workload">Null for what is not a pod.</param>
internal sealed record ExplainedParty(string Name, Identity Identity, Address Address, Workload? Workload)
{
    private const string Node = "node";
    private const string World = "world";

    /// <summary>Reads <c>namespace/pod</c>, an address, <c>world</c>, or <c>node</c> for the node of the other one.</summary>
    /// <exception cref="UsageFault">There is no such pod, or the address is a service's.</exception>
    public static ExplainedParty Read(ClusterSnapshot cluster, string option, string text, bool isServer)
    {
        if (text == World)
            return new ExplainedParty(text, Identity.World, default, null);
        if (text == Node)
            return new ExplainedParty(text, Identity.Host, default, null);
        if (Address.TryParse(text, out var address))
            return OfAddress(cluster, option, text, address, isServer);
        return FindPod(cluster, text) switch
        {
            null => throw new UsageFault($"{option}: there is no pod '{text}' in the manifests; write namespace/pod, an address, world or node"),
            // Its address is its node's, and nobody can tell it from its node.
            { IsHostNetwork: true, Addresses: [var ofNode, ..] } => OfAddress(cluster, option, text, ofNode, isServer),
            { IsHostNetwork: true } => throw new UsageFault($"{option}: '{text}' has the network of its node, and the manifest does not say which address that is; write the address, or node"),
            var workload => OfWorkload(workload),
        };
    }

    /// <summary>The pod that is called so, or null.</summary>
    public static Workload? FindPod(ClusterSnapshot cluster, string text) =>
        cluster.Workloads.FirstOrDefault(workload => $"{workload.Namespace}/{workload.Name}" == text);

    private static ExplainedParty OfWorkload(Workload workload) =>
        new($"{workload.Namespace}/{workload.Name}", workload.Identity, workload.Addresses.Count > 0 ? workload.Addresses[0] : default, workload);

    private static ExplainedParty OfAddress(ClusterSnapshot cluster, string option, string text, Address address, bool isServer)
    {
        if (cluster.FindWorkload(address) is { } workload)
            return OfWorkload(workload);
        if (cluster.IsServiceAddress(address))
            throw new UsageFault($"{option}: {text} is the address of a service; policy is about pods, so write one of its pods and the container's port");
        return new ExplainedParty(text, cluster.IsPodAddress(address) ? Identity.Unknown : cluster.FindOutsider(address, isServer), address, null);
    }
}
