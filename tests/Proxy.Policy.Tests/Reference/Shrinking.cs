namespace Proxy.Policy.Tests.Reference;

/// <summary>Makes documents smaller while what is interesting about them stays.</summary>
internal static class Shrinking
{
    public static Scenario Shrink(Scenario scenario, Func<Scenario, bool> isInteresting)
    {
        while (Smaller(scenario.Documents, Smaller).Select(documents => scenario with { Documents = documents }).FirstOrDefault(isInteresting) is { } smaller)
            scenario = smaller;
        return scenario;
    }

    private static IEnumerable<Document> Smaller(Document document)
    {
        if (document.IsAudit)
            yield return document with { IsAudit = false };
        if (document.IgnoresQuery)
            yield return document with { IgnoresQuery = false };
        if (document.Spec is { } spec)
        {
            foreach (var smaller in Smaller(spec))
                yield return document with { Spec = smaller };
        }

        if (document.HasBoth)
            yield return document with { HasBoth = false };
        if (document.IsBroken)
            yield return document with { IsBroken = false };
        // A rule without items would be refused.
        foreach (var rules in Smaller(document.Rules, rule => Smaller(rule).Where(HasItems)).Where(rules => rules.Count > 0))
            yield return document with { Rules = rules };
    }

    private static bool HasItems(Rule rule) =>
        new[] { rule.Ingress, rule.IngressDeny, rule.Egress, rule.EgressDeny }.Any(items => items is { Count: > 0 });

    private static IEnumerable<Rule> Smaller(Rule rule) =>
    [
        .. Fewer(rule.Ingress, Smaller).Select(items => rule with { Ingress = items }),
        .. Fewer(rule.Egress, Smaller).Select(items => rule with { Egress = items }),
        .. Fewer(rule.IngressDeny, Smaller).Select(items => rule with { IngressDeny = items }),
        .. Fewer(rule.EgressDeny, Smaller).Select(items => rule with { EgressDeny = items }),
        .. Gone(rule.IngressDefaultDeny, rule with { IngressDefaultDeny = null }),
        .. Gone(rule.EgressDefaultDeny, rule with { EgressDefaultDeny = null }),
        .. Smaller(rule.Subject).Select(subject => rule with { Subject = subject }),
    ];

    private static IEnumerable<Item> Smaller(Item item) =>
    [
        .. Gone(item.Mode, item with { Mode = null }),
        .. Gone(item.Peers, item with { Peers = null }),
        .. Fewer(item.ToPorts, Smaller).Select(ports => item with { ToPorts = ports }),
        .. Fewer(item.Icmps, _ => []).Select(fields => item with { Icmps = fields }),
        .. item.Peers is { } peers ? Smaller(peers).Select(smaller => item with { Peers = smaller }) : [],
    ];

    private static IEnumerable<Peers> Smaller(Peers peers) => peers switch
    {
        EndpointPeers endpoints => Smaller(endpoints.Selectors, Smaller).Select(selectors => new EndpointPeers(selectors)),
        EntityPeers entities => Smaller(entities.Entities, _ => []).Select(list => new EntityPeers(list)),
        CidrPeers cidrs => Smaller(cidrs.Cidrs, _ => []).Select(list => new CidrPeers(list)),
        CidrSetPeers set => Smaller(set.Entries, Smaller).Select(list => new CidrSetPeers(list)),
        ServicePeers services => Smaller(services.Services, _ => []).Select(list => new ServicePeers(list)),
        _ => [],
    };

    private static IEnumerable<CidrEntry> Smaller(CidrEntry entry) =>
        Smaller(entry.Except, _ => []).Select(except => entry with { Except = except });

    private static IEnumerable<PortRule> Smaller(PortRule rule) =>
    [
        .. Fewer(rule.Http, Smaller).Select(http => rule with { Http = http }),
        .. Smaller(rule.Ports, Smaller).Where(ports => ports.Count > 0).Select(ports => rule with { Ports = ports }),
    ];

    private static IEnumerable<Port> Smaller(Port port) => Gone(port.EndPort, port with { EndPort = null });

    private static IEnumerable<HttpRule> Smaller(HttpRule rule) =>
    [
        .. Gone(rule.Method, rule with { Method = null }),
        .. Gone(rule.Path, rule with { Path = null }),
        .. Gone(rule.Host, rule with { Host = null }),
        .. Smaller(rule.Headers, _ => []).Select(headers => rule with { Headers = headers }),
        .. Smaller(rule.HeaderMatches, _ => []).Select(matches => rule with { HeaderMatches = matches }),
    ];

    private static IEnumerable<Selector> Smaller(Selector selector) =>
        Smaller(selector.Requirements, Smaller).Select(requirements => new Selector(requirements));

    private static IEnumerable<Requirement> Smaller(Requirement requirement) => requirement.Values.Count < 2
        ? []
        : requirement.Values.Select(value => requirement with { Values = [value] });

    private static IEnumerable<NetworkPolicySpec> Smaller(NetworkPolicySpec spec) =>
    [
        .. Fewer(spec.Ingress, Smaller).Select(items => spec with { Ingress = items }),
        .. Fewer(spec.Egress, Smaller).Select(items => spec with { Egress = items }),
        .. Gone(spec.PolicyTypes, spec with { PolicyTypes = null }),
        .. Smaller(spec.PodSelector).Select(pods => spec with { PodSelector = pods }),
    ];

    private static IEnumerable<NetworkPolicyItem> Smaller(NetworkPolicyItem item) =>
    [
        .. Fewer(item.Peers, _ => []).Select(peers => item with { Peers = peers }),
        .. Fewer(item.Ports, _ => []).Select(ports => item with { Ports = ports }),
    ];

    private static T[] Gone<T>(object? value, T without) => value is null ? [] : [without];

    /// <summary>Not written at all, or smaller.</summary>
    private static IEnumerable<IReadOnlyList<T>?> Fewer<T>(IReadOnlyList<T>? list, Func<T, IEnumerable<T>> smaller) =>
        list is null ? [] : [null, .. Smaller(list, smaller)];

    /// <summary>Without one of them, or with one of them smaller.</summary>
    private static IEnumerable<IReadOnlyList<T>> Smaller<T>(IReadOnlyList<T> list, Func<T, IEnumerable<T>> smaller)
    {
        for (var i = 0; i < list.Count; i++)
        {
            var (before, after) = (list.Take(i).ToList(), list.Skip(i + 1).ToList());
            yield return [.. before, .. after];
            foreach (var other in smaller(list[i]))
                yield return [.. before, other, .. after];
        }
    }
}
