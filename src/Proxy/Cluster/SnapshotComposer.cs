using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>Puts together what the files hold; keeps every part of the snapshot before that did not change.</summary>
internal sealed class SnapshotComposer(ClusterOptions options)
{
    private readonly ObjectTable _objects = new();
    private readonly ExpectedIds _ids = new(new TrustDomain(options.TrustDomain), options.SpiffeIds);

    public ClusterSnapshot Compose(
        ClusterSnapshot before, IReadOnlyList<ManifestFileState> files, IEnumerable<ManifestFault> otherFaults)
    {
        var faults = otherFaults.Concat(files.SelectMany(file => file.Faults)).ToList();
        var chosen = _objects.Resolve(files.SelectMany(file => file.Objects), faults);
        object[] objects = [.. chosen, .. files.SelectMany(file => file.Closed)];
        var workloads = WorkloadTable.Build(objects, _ids, before.Workloads, faults);
        var (addresses, refused) = (workloads.Addresses, workloads.RefusedAddresses);
        var services = ServiceTable.Build(objects, workloads.Workloads, address => addresses.ContainsKey(address) || refused.Contains(address), faults);
        var documents = DocumentsOf(objects);
        var warnings = documents.SelectMany(document => document.Warnings).ToList();
        warnings.AddRange(files.SelectMany(file => file.Warnings));
        warnings.AddRange(ExclusionLint.Find(objects.OfType<PodDocument>(), workloads.Workloads, documents));
        var context = ContextReader.Read(objects);
        return new ClusterSnapshot
        {
            Revision = before.Revision + 1,
            Workloads = workloads.Workloads,
            Addresses = addresses,
            RefusedAddresses = refused,
            Services = services.Targets,
            ServiceAddresses = services.Addresses,
            NodeAddresses = objects.OfType<NodeDocument>().SelectMany(node => node.Addresses).ToFrozenSet(),
            Outsiders = Outsider.Find(objects, options.NodeName),
            PodCidrs = options.PodCidrs,
            Documents = documents,
            Policies = PoliciesFor(workloads.Workloads, documents, context, before.Policies),
            PolicyContext = context,
            Files = files,
            Faults = Sorted(faults),
            Warnings = Sorted(warnings),
        };
    }

    // Ready for every workload, since every node judges both ends of what its pods dial.
    private static PolicySnapshot PoliciesFor(
        IReadOnlyList<Workload> workloads, List<PolicyDocument> documents, PolicyContext context, PolicySnapshot before)
    {
        var policies = PolicySnapshot.Compile(documents, context, before);
        foreach (var direction in Enum.GetValues<Direction>())
            policies.Prepare(direction, workloads.Select(workload => workload.Identity));
        return policies;
    }

    private static List<PolicyDocument> DocumentsOf(object[] objects) =>
        [.. objects.OfType<PolicyDocument>()
            .OrderBy(document => document.Namespace, StringComparer.Ordinal)
            .ThenBy(document => document.Name, StringComparer.Ordinal)
            .ThenBy(document => document.Kind, StringComparer.Ordinal)];

    private static List<ManifestFault> Sorted(List<ManifestFault> faults) =>
        [.. faults.Distinct()
            .OrderBy(fault => fault.File, StringComparer.Ordinal)
            .ThenBy(fault => fault.Line)
            .ThenBy(fault => fault.Column)];
}
