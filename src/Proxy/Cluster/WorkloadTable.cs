using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>Makes workloads out of pods, external machines and namespaces, and settles who owns which address.</summary>
internal sealed class WorkloadTable
{
    private readonly Dictionary<Address, Workload> _addresses = [];
    private readonly HashSet<Address> _refused = [];
    private readonly List<Workload> _workloads = [];
    private readonly List<ManifestFault> _faults;

    private WorkloadTable(List<ManifestFault> faults) => _faults = faults;

    public IReadOnlyList<Workload> Workloads => _workloads;

    public FrozenDictionary<Address, Workload> Addresses => _addresses.ToFrozenDictionary();

    public FrozenSet<Address> RefusedAddresses => _refused.ToFrozenSet();

    /// <summary>Workloads of before are taken over as they are when nothing of them changed.</summary>
    public static WorkloadTable Build(
        IReadOnlyList<object> objects, ExpectedIds ids, IReadOnlyList<Workload> before, List<ManifestFault> faults)
    {
        var table = new WorkloadTable(faults);
        var candidates = CandidatesOf(objects, ids);
        table.RefuseSharedAddresses(candidates);
        table.RefuseAddressesOfNodes(candidates, objects.OfType<NodeDocument>());
        table.RefuseSharedNumbers(candidates);
        if (candidates.Exists(candidate => candidate.HasUnknownLabels) && objects.OfType<PolicyDocument>().Any(document => document.LooksAtNamespaceLabels))
            table.RefuseUnknownLabels(candidates);
        table.ReplaceSharedUids(candidates);
        var known = before.ToDictionary(workload => workload.Uid, StringComparer.Ordinal);
        foreach (var candidate in candidates.Where(candidate => !candidate.IsClosed))
            table.Add(candidate.ToWorkload(), known);
        return table;
    }

    private static List<WorkloadCandidate> CandidatesOf(IReadOnlyList<object> objects, ExpectedIds ids)
    {
        var namespaces = objects.OfType<NamespaceDocument>()
            .GroupBy(document => document.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, MostGuarded, StringComparer.Ordinal);
        var numbers = new AllottedNumbers(objects.OfType<Identity>());
        IEnumerable<WorkloadCandidate> pods = objects.OfType<PodDocument>()
            .Where(pod => !pod.IsGone)
            .OrderBy(pod => pod.Namespace, StringComparer.Ordinal)
            .ThenBy(pod => pod.Name, StringComparer.Ordinal)
            .Select(pod => new PodCandidate(pod, namespaces.GetValueOrDefault(pod.Namespace), numbers, ids));
        var externals = objects.OfType<ExternalDocument>()
            .OrderBy(external => external.Namespace, StringComparer.Ordinal)
            .ThenBy(external => external.Name, StringComparer.Ordinal)
            .Select(external => new ExternalCandidate(external, namespaces.GetValueOrDefault(external.Namespace), ids));
        return [.. pods, .. externals];
    }

    // Several stand for one namespace when its definition is disputed or in a broken file.
    private static NamespaceDocument MostGuarded(IEnumerable<NamespaceDocument> versions)
    {
        var sorted = versions.OrderBy(version => version.Mode == EnrolmentMode.Enabled ? 0 : 1).ToList();
        var differ = sorted.Exists(version => version.HasUnknownLabels || !version.Labels.OrderBy(label => label.Key, StringComparer.Ordinal)
            .SequenceEqual(sorted[0].Labels.OrderBy(label => label.Key, StringComparer.Ordinal)));
        return differ ? sorted[0] with { HasUnknownLabels = true } : sorted[0];
    }

    // A rule that denies a label of namespaces would let them in, and so would one that allows all but such a label.
    private void RefuseUnknownLabels(List<WorkloadCandidate> candidates)
    {
        foreach (var candidate in candidates.Where(candidate => candidate.HasUnknownLabels))
        {
            _refused.UnionWith(candidate.Claims);
            candidate.IsDisputed = true;
            _faults.Add(candidate.Place.Fault(
                "the labels of its namespace cannot be read, and policy speaks of such labels; it is refused until they can"));
        }
    }

    private void RefuseSharedAddresses(List<WorkloadCandidate> candidates)
    {
        foreach (var claim in candidates.SelectMany(c => c.Claims.Select(address => (address, c))).GroupBy(c => c.address))
        {
            var claimants = claim.Select(c => c.c).ToList();
            if (claimants.Count == 1 && !claimants[0].IsClosed)
                continue;

            _refused.Add(claim.Key);
            foreach (var claimant in claimants)
                claimant.IsDisputed = true;
            if (claimants.Count > 1)
                ReportShared(claimants, $"address {claim.Key}");
        }
    }

    // What a node's address is to policy is known; as a machine's it would be something else, on this node alone perhaps.
    private void RefuseAddressesOfNodes(List<WorkloadCandidate> candidates, IEnumerable<NodeDocument> nodes)
    {
        var owners = nodes.SelectMany(node => node.Addresses.Select(address => (Address: address, node.Name))).ToLookup(pair => pair.Address, pair => pair.Name);
        foreach (var candidate in candidates.OfType<ExternalCandidate>())
        {
            foreach (var address in candidate.Claims.Where(owners.Contains))
            {
                _refused.Add(address);
                candidate.IsDisputed = true;
                _faults.Add(candidate.Place.Fault(
                    $"its address {address} is that of node {owners[address].First()}; both are refused there until one has it alone"));
            }
        }
    }

    private void RefuseSharedNumbers(List<WorkloadCandidate> candidates)
    {
        foreach (var sharing in candidates.Where(c => c.HasIdentity).GroupBy(c => c.Identity.Number))
        {
            var first = sharing.First().Identity.Labels;
            if (sharing.All(candidate => candidate.Identity.Labels.Equals(first)))
                continue;

            ReportShared([.. sharing], $"identity number {sharing.Key}, with other labels,");
            foreach (var candidate in sharing)
            {
                candidate.IsDisputed = true;
                _refused.UnionWith(candidate.Claims);
            }
        }
    }

    // A copied manifest; its pods need no more than names of their own. Again while there are any: somebody may have
    // written the uid that is made of another's name.
    private void ReplaceSharedUids(List<WorkloadCandidate> candidates)
    {
        while (SharingUids(candidates) is { Count: > 0 } shared)
            ReplaceUids(shared);
    }

    private static List<IGrouping<string, WorkloadCandidate>> SharingUids(List<WorkloadCandidate> candidates) =>
        [.. candidates.GroupBy(candidate => candidate.Uid).Where(group => group.Count() > 1)];

    private void ReplaceUids(List<IGrouping<string, WorkloadCandidate>> shared)
    {
        foreach (var sharing in shared)
        {
            foreach (var candidate in sharing)
            {
                candidate.Uid = candidate.DerivedUid;
                _faults.Add(candidate.Place.Fault(
                    $"its uid is also that of {OthersOf(candidate, sharing)}; one made of its name is used instead"));
            }
        }
    }

    private static string OthersOf(WorkloadCandidate candidate, IEnumerable<WorkloadCandidate> sharing) =>
        string.Join(", ", sharing.Where(other => other != candidate).Select(other => other.Title));

    private void ReportShared(List<WorkloadCandidate> claimants, string what)
    {
        foreach (var claimant in claimants)
        {
            _faults.Add(claimant.Place.Fault(
                $"its {what} is also that of {OthersOf(claimant, claimants)}; all of them are refused until one has it alone"));
        }
    }

    private void Add(Workload fresh, Dictionary<string, Workload> known)
    {
        var isUnchanged = known.TryGetValue(fresh.Uid, out var old) && old.HasSameContentAs(fresh);
        var workload = isUnchanged ? old! : fresh;
        _workloads.Add(workload);
        if (workload.IsHostNetwork)
            return;
        // No node of its own refuses it at its other addresses.
        if (workload is { External: not null, IsDisputed: true })
            _refused.UnionWith(workload.Addresses);

        foreach (var address in workload.Addresses.Where(address => !_refused.Contains(address)))
            _addresses[address] = workload;
    }
}
