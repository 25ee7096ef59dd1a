using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Resolves the ports of services' cluster addresses to endpoints.</summary>
internal sealed class ServiceTable
{
    private readonly Dictionary<ServicePort, ServiceTarget> _targets = [];
    private readonly HashSet<Address> _addresses = [];
    private readonly ILookup<(string Namespace, string Service), EndpointSliceDocument> _slices;
    private readonly IReadOnlyList<Workload> _workloads;
    private readonly List<ManifestFault> _faults;

    private ServiceTable(IReadOnlyList<object> objects, IReadOnlyList<Workload> workloads, List<ManifestFault> faults)
    {
        _slices = SlicesOf(objects);
        _workloads = workloads;
        _faults = faults;
    }

    /// <summary>The endpoint slices of each service; its `v1 Endpoints` where there is none.</summary>
    public static ILookup<(string Namespace, string Service), EndpointSliceDocument> SlicesOf(IReadOnlyList<object> objects)
    {
        var slices = objects.OfType<EndpointSliceDocument>().ToLookup(slice => (slice.Namespace, slice.Service));
        var older = objects.OfType<EndpointsDocument>().SelectMany(endpoints => endpoints.Subsets)
            .Where(subset => !slices.Contains((subset.Namespace, subset.Service)));
        return slices.SelectMany(service => service).Concat(older).ToLookup(slice => (slice.Namespace, slice.Service));
    }

    public FrozenDictionary<ServicePort, ServiceTarget> Targets => _targets.ToFrozenDictionary();

    public FrozenSet<Address> Addresses => _addresses.ToFrozenSet();

    public static ServiceTable Build(
        IReadOnlyList<object> objects, IReadOnlyList<Workload> workloads, Func<Address, bool> isPodAddress, List<ManifestFault> faults)
    {
        var table = new ServiceTable(objects, workloads, faults);
        foreach (var claim in objects.OfType<ServiceDocument>()
            .SelectMany(service => service.ClusterIps.Select(address => (Address: address, Service: service)))
            .GroupBy(claim => claim.Address))
        {
            if (isPodAddress(claim.Key))
                table.Refuse(claim.Key, claim.Select(c => c.Service));
            else
                table.Take(claim.Key, [.. claim.Select(c => c.Service)]);
        }

        return table;
    }

    // It would lead connections to that pod elsewhere; the pod keeps its address.
    private void Refuse(Address clusterIp, IEnumerable<ServiceDocument> services)
    {
        foreach (var service in services)
            _faults.Add(service.Place.Fault($"its cluster address {clusterIp} is a workload's; it is ignored"));
    }

    private void Take(Address clusterIp, List<ServiceDocument> services)
    {
        _addresses.Add(clusterIp);
        if (services.Count > 1)
        {
            foreach (var service in services)
                _faults.Add(service.Place.Fault(
                    $"its cluster address {clusterIp} is also another service's; it leads nowhere until one has it alone"));
            return;
        }

        foreach (var port in services[0].Ports)
            Take(services[0], clusterIp, port);
    }

    private void Take(ServiceDocument service, Address clusterIp, ServicePortDocument port)
    {
        var endpoints = EndpointsOf(service, port)
            .Where(endpoint => endpoint.Address.IsIPv4 == clusterIp.IsIPv4)
            .Distinct()
            .OrderBy(endpoint => endpoint.Address)
            .ThenBy(endpoint => endpoint.Port);
        var target = new ServiceTarget { Namespace = service.Namespace, Name = service.Name, Endpoints = [.. endpoints] };
        if (!_targets.TryAdd(new ServicePort(clusterIp, port.Port, port.Protocol), target))
            _faults.Add(service.Place.Fault($"port {port.Port} is listed twice; the first one is used"));
    }

    private IEnumerable<ServiceEndpoint> EndpointsOf(ServiceDocument service, ServicePortDocument port)
    {
        var slices = _slices[(service.Namespace, service.Name)];
        if (!slices.Any())
            return SelectedBy(service, port);

        return slices
            .Where(slice => slice.Ports.ContainsKey((port.Protocol, port.Name)))
            .SelectMany(slice => slice.Ready.Select(address => new ServiceEndpoint(address, slice.Ports[(port.Protocol, port.Name)])));
    }

    // Manifests by hand often leave the slices out; what the selector chooses is then taken as ready.
    private IEnumerable<ServiceEndpoint> SelectedBy(ServiceDocument service, ServicePortDocument port)
    {
        if (service.Selector.Count == 0)
            return [];

        if (port.TargetPort is not { } target)
        {
            _faults.Add(service.Place.Fault(
                $"the target of port {port.Port} is a name, which only an EndpointSlice resolves", "give its number"));
            return [];
        }

        // Of pods only, as in Kubernetes: a machine outside is an endpoint where a slice names it.
        return _workloads
            .Where(workload => workload.External is null && workload.Namespace == service.Namespace && IsSelected(service, workload))
            .SelectMany(workload => workload.Addresses.Select(address => new ServiceEndpoint(address, target)));
    }

    private static bool IsSelected(ServiceDocument service, Workload workload) =>
        service.Selector.All(wanted => workload.Labels.TryGetValue(wanted.Key, out var value) && value == wanted.Value);
}
