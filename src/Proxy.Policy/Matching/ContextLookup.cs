using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>Turns the references of rules into what the context says of them.</summary>
internal sealed class ContextLookup(PolicyContext context, PolicySecrets secrets)
{
    private static readonly Cidr[] EveryAddress =
        [new Cidr(Address.From(System.Net.IPAddress.Any), 0), new Cidr(Address.From(System.Net.IPAddress.IPv6Any), 0)];

    private readonly ILookup<string, CidrGroup> _groups = context.CidrGroups.ToLookup(group => group.Name);
    private readonly ILookup<string, PolicyService> _services = context.Services.ToLookup(service => service.Name);

    public PolicyContext Context => context;

    /// <summary>The same object as before while no secret changed.</summary>
    public PolicySecrets Secrets => secrets;

    public ResolvedPeers Resolve(PeerMatch peers, bool isDeny)
    {
        if (peers.Ranges.Count == 0 && peers.Services.Count == 0)
            return new ResolvedPeers(peers.IsAny, peers.Selectors, AddressSet.Empty);

        PolicyService[] services = [.. peers.Services.SelectMany(Find)];
        var ranges = peers.Ranges.SelectMany(range => RangesOf(range, isDeny).Select(cidr => (cidr, range.Except)))
            .Concat(services.Where(service => !HasSelector(service)).SelectMany(EndpointsOf));
        return new ResolvedPeers(peers.IsAny, peers.Selectors.Concat(services.Where(HasSelector).Select(PodsOf)), AddressSet.Of(ranges));
    }

    /// <summary>The services that are meant.</summary>
    public IEnumerable<PolicyService> Find(ServiceMatch match)
    {
        var named = match.Name is null ? context.Services : _services[match.Name];
        return named.Where(service => (match.Namespace is null || service.Namespace == match.Namespace)
            && (match.Selector is null || match.Selector.Matches(service.Labels)));
    }

    /// <summary>The groups that are meant; null of a range that is written out.</summary>
    public IEnumerable<CidrGroup>? Find(CidrMatch match) => match switch
    {
        { GroupName: { } name } => _groups[name],
        { GroupSelector: { } selector } => context.CidrGroups.Where(group => selector.Matches(group.Labels)),
        _ => null,
    };

    // What a deny means by a group that cannot be read is not known: it may be any address.
    private IEnumerable<Cidr> RangesOf(CidrMatch match, bool isDeny)
    {
        if (Find(match) is not { } groups)
            return match.Range is { } range ? [range] : [];

        CidrGroup[] found = [.. groups];
        var isUnclear = found.Any(group => group.IsRefused)
            || (match.GroupName is null ? context.CidrGroups.Any(group => group.MayHaveOtherLabels) : found.Length == 0);
        return isDeny && isUnclear ? EveryAddress : found.Where(group => !group.IsRefused).SelectMany(group => group.Cidrs);
    }

    private static bool HasSelector(PolicyService service) => service.Selector is { Count: > 0 };

    private static IEnumerable<(Cidr Range, IReadOnlyList<Cidr> Except)> EndpointsOf(PolicyService service) =>
        service.Endpoints.Select(endpoint => (endpoint, (IReadOnlyList<Cidr>)[]));

    private static LabelSelector PodsOf(PolicyService service) => new(
        service.Selector!.Select(label => LabelRequirement.Equal(LabelSet.KubernetesSource, label.Key, label.Value))
            .Append(LabelRequirement.Equal(LabelSet.KubernetesSource, WellKnownLabels.Namespace, service.Namespace)));
}
