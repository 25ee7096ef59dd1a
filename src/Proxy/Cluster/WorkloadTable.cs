using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>Makes workloads out of pods and namespaces, and settles who owns which address.</summary>
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
        IReadOnlyList<object> objects, string trustDomain, IReadOnlyList<Workload> before, List<ManifestFault> faults)
    {
        var table = new WorkloadTable(faults);
        var candidates = CandidatesOf(objects);
        table.RefuseSharedAddresses(candidates);
        table.RefuseSharedNumbers(candidates);
        table.ReplaceSharedUids(candidates);
        var known = before.ToDictionary(workload => (workload.Namespace, workload.Name));
        foreach (var candidate in candidates.Where(candidate => !candidate.Pod.IsClosed))
            table.Add(candidate.ToWorkload(trustDomain), known);
        return table;
    }

    private static List<Candidate> CandidatesOf(IReadOnlyList<object> objects)
    {
        var namespaces = objects.OfType<NamespaceDocument>()
            .GroupBy(document => document.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, MostGuarded, StringComparer.Ordinal);
        return [.. objects.OfType<PodDocument>()
            .Where(pod => !pod.IsGone)
            .OrderBy(pod => pod.Namespace, StringComparer.Ordinal)
            .ThenBy(pod => pod.Name, StringComparer.Ordinal)
            .Select(pod => new Candidate(pod, namespaces.GetValueOrDefault(pod.Namespace)))];
    }

    // Several stand for one namespace when its definition is disputed or in a broken file.
    private static NamespaceDocument MostGuarded(IEnumerable<NamespaceDocument> versions) =>
        versions.OrderBy(version => version.Mode == EnrolmentMode.Enabled ? 0 : 1).First();

    private void RefuseSharedAddresses(List<Candidate> candidates)
    {
        foreach (var claim in candidates.SelectMany(c => c.Claims.Select(address => (address, c))).GroupBy(c => c.address))
        {
            var claimants = claim.Select(c => c.c).ToList();
            if (claimants.Count == 1 && !claimants[0].Pod.IsClosed)
                continue;

            _refused.Add(claim.Key);
            foreach (var claimant in claimants)
                claimant.IsDisputed = true;
            if (claimants.Count > 1)
                ReportShared(claimants, $"address {claim.Key}");
        }
    }

    private void RefuseSharedNumbers(List<Candidate> candidates)
    {
        foreach (var sharing in candidates.Where(c => !c.Pod.IsHostNetwork).GroupBy(c => c.Identity.Number))
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
    private void ReplaceSharedUids(List<Candidate> candidates)
    {
        while (SharingUids(candidates) is { Count: > 0 } shared)
            ReplaceUids(shared);
    }

    private static List<IGrouping<string, Candidate>> SharingUids(List<Candidate> candidates) =>
        [.. candidates.GroupBy(candidate => candidate.Uid).Where(group => group.Count() > 1)];

    private void ReplaceUids(List<IGrouping<string, Candidate>> shared)
    {
        foreach (var sharing in shared)
        {
            foreach (var candidate in sharing)
            {
                candidate.Uid = candidate.Pod.DerivedUid;
                _faults.Add(candidate.Pod.Place.Fault(
                    $"its uid is also that of {OthersOf(candidate, sharing)}; one made of its name is used instead"));
            }
        }
    }

    private static string OthersOf(Candidate candidate, IEnumerable<Candidate> sharing) =>
        string.Join(", ", sharing.Where(other => other != candidate).Select(other => other.Title));

    private void ReportShared(List<Candidate> claimants, string what)
    {
        foreach (var claimant in claimants)
        {
            _faults.Add(claimant.Pod.Place.Fault(
                $"its {what} is also that of {OthersOf(claimant, claimants)}; all of them are refused until one has it alone"));
        }
    }

    private void Add(Workload fresh, Dictionary<(string Namespace, string Name), Workload> known)
    {
        var isUnchanged = known.TryGetValue((fresh.Namespace, fresh.Name), out var old) && old.HasSameContentAs(fresh);
        var workload = isUnchanged ? old! : fresh;
        _workloads.Add(workload);
        if (workload.IsHostNetwork)
            return;

        foreach (var address in workload.Addresses.Where(address => !_refused.Contains(address)))
            _addresses[address] = workload;
    }

    /// <summary>A pod on its way to become a workload.</summary>
    private sealed class Candidate(PodDocument pod, NamespaceDocument? @namespace)
    {
        public PodDocument Pod { get; } = pod;

        public Identity Identity { get; } = Identity.ForPod(
            pod.Namespace, pod.ServiceAccount, pod.Labels, @namespace?.Labels ?? FrozenDictionary<string, string>.Empty);

        public bool IsDisputed { get; set; }

        public string Uid { get; set; } = pod.Uid ?? pod.DerivedUid;

        public string Title => $"{Pod.Namespace}/{Pod.Name} ({Pod.Place.File}:{Pod.Place.Line})";

        // A host-network pod has the node's address, which is not its own.
        public IReadOnlyList<Address> Claims => Pod.IsHostNetwork ? [] : Pod.Addresses;

        public Workload ToWorkload(string trustDomain) => new()
        {
            Uid = Uid,
            Namespace = Pod.Namespace,
            Name = Pod.Name,
            ServiceAccount = Pod.ServiceAccount,
            NodeName = Pod.NodeName,
            Addresses = Pod.Addresses,
            Labels = Pod.Labels,
            Mode = Pod.IsHostNetwork ? EnrolmentMode.Disabled : Pod.Mode ?? @namespace?.Mode ?? EnrolmentMode.Disabled,
            Exclusions = Pod.Exclusions,
            Ports = Pod.Ports,
            IsHostNetwork = Pod.IsHostNetwork,
            NetworkNamespace = Pod.NetworkNamespace,
            Identity = Identity,
            ExpectedId = SpiffeId.Parse($"spiffe://{trustDomain}/ns/{Pod.Namespace}/sa/{Pod.ServiceAccount}"),
            Owners = Pod.Owners,
            IsDisputed = IsDisputed,
        };
    }
}
