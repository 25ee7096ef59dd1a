using Proxy.Policy.Documents;
using Proxy.Policy.Matching;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

/// <summary>What a document has become, as text for tables.</summary>
internal static class Rendering
{
    /// <summary>A Cilium document in namespace <c>default</c> with this spec in flow style; no fault.</summary>
    public static PolicyDocument Good(string spec, string kind = "CiliumNetworkPolicy", string metadata = "{name: p}")
    {
        var document = Assert.Single(Parse($"apiVersion: {VersionOf(kind)}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}"));
        Assert.Empty(document.Faults);
        return document;
    }

    /// <summary>The same, refused.</summary>
    public static PolicyDocument Bad(string spec, string kind = "CiliumNetworkPolicy", string metadata = "{name: p}")
    {
        var document = Assert.Single(Parse($"apiVersion: {VersionOf(kind)}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}"));
        Assert.NotEmpty(document.Faults);
        return document;
    }

    /// <summary>The rules of the only section, one in a line.</summary>
    public static string Rules(this PolicyDocument document) =>
        string.Join('\n', Assert.Single(document.Sections).Rules.Select(Show));

    /// <summary>in, out, in-open, out-open.</summary>
    public static string Isolation(this PolicySection section) => string.Join(' ', Words(section));

    public static string Show(PolicyRule rule) =>
        $"{(rule.IsDeny ? "deny" : "allow")} {(rule.Direction == Direction.Ingress ? "in" : "out")} {Show(rule.Peers)} on {Show(rule.Ports)}";

    private static IEnumerable<string> Words(PolicySection section)
    {
        if (section.GovernsIngress)
            yield return section.LeavesIngressOpen ? "in-open" : "in";
        if (section.GovernsEgress)
            yield return section.LeavesEgressOpen ? "out-open" : "out";
    }

    private static string Show(PeerMatch peers)
    {
        if (peers.IsAny)
            return "any";

        return string.Join(" | ", [.. peers.Selectors.Select(selector => selector.ToString()), .. peers.Ranges.Select(Show), .. peers.Services.Select(Show)]);
    }

    private static string Show(CidrMatch range)
    {
        var name = range.Range?.ToString() ?? range.GroupName ?? range.GroupSelector!.ToString();
        return range.Except.Count == 0 ? name : $"{name} but {string.Join(' ', range.Except)}";
    }

    private static string Show(ServiceMatch service) => $"{service.Namespace ?? "*"}/{service.Name ?? service.Selector!.ToString()}";

    private static string Show(PortMatch ports) => ports.IsAny ? "all" : string.Join(' ', ports.Entries.Select(Show));

    private static string Show(PortEntry entry)
    {
        var protocol = entry.Protocol.ToString().ToLowerInvariant();
        if (entry.Name is not null)
            return $"{protocol}/{entry.Name}";

        return entry.First == entry.Last ? $"{protocol}/{entry.First}" : $"{protocol}/{entry.First}-{entry.Last}";
    }

    private static string VersionOf(string kind) => kind == "NetworkPolicy" ? "networking.k8s.io/v1" : "cilium.io/v2";
}
