using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>What policy documents refer to, out of the objects in force.</summary>
internal static class ContextReader
{
    private const int BitsIPv4 = 32;
    private const int BitsIPv6 = 128;

    public static PolicyContext Read(IReadOnlyList<object> objects)
    {
        var slices = ServiceTable.SlicesOf(objects);
        return new PolicyContext
        {
            Services = [.. objects.OfType<ServiceDocument>()
                .OrderBy(service => service.Namespace, StringComparer.Ordinal)
                .ThenBy(service => service.Name, StringComparer.Ordinal)
                .Select(service => ServiceOf(service, slices[(service.Namespace, service.Name)]))],
            // One that is defined differently in two places stands for both, closed.
            CidrGroups = [.. objects.OfType<CidrGroup>().DistinctBy(group => group.Name).OrderBy(group => group.Name, StringComparer.Ordinal)],
            Secrets = [.. objects.OfType<PolicySecret>()
                .DistinctBy(secret => (secret.Namespace, secret.Name))
                .OrderBy(secret => secret.Namespace, StringComparer.Ordinal)
                .ThenBy(secret => secret.Name, StringComparer.Ordinal)],
            AuditNamespaces = objects.OfType<NamespaceDocument>().Where(@namespace => @namespace.IsAudit).Select(@namespace => @namespace.Name).ToHashSet(StringComparer.Ordinal),
        };
    }

    private static PolicyService ServiceOf(ServiceDocument service, IEnumerable<EndpointSliceDocument> slices)
    {
        var labels = LabelSet.Of([.. service.Labels.Select(label => (LabelSet.KubernetesSource, label.Key, label.Value))]);
        return service.Selector.Count > 0
            ? new PolicyService(service.Namespace, service.Name, labels, service.Selector, [])
            : new PolicyService(service.Namespace, service.Name, labels, null, [.. slices.SelectMany(slice => slice.Ready).Distinct().Order().Select(RangeOf)]);
    }

    private static Cidr RangeOf(Address address) => new(address, address.IsIPv4 ? BitsIPv4 : BitsIPv6);
}
