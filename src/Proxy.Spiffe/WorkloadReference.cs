namespace Proxy.Spiffe;

/// <summary>What identifies a local workload to a source of identities.</summary>
/// <param name="Uid">The pod's UID; the key of everything that is held for the workload.</param>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Name">The pod's name.</param>
/// <param name="ServiceAccount">The pod's service account.</param>
/// <param name="NodeName">The node that the pod runs on.</param>
/// <param name="Labels">The pod's labels.</param>
public sealed record WorkloadReference(
    string Uid,
    string Namespace,
    string Name,
    string ServiceAccount,
    string NodeName,
    IReadOnlyDictionary<string, string> Labels);
