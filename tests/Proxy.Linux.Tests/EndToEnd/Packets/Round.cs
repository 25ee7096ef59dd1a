using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>One cluster with policies, made of the same stations as the others.</summary>
internal sealed record Round(int Number, Scenario Scenario, IReadOnlyList<Workload> IPv4, IReadOnlyList<Workload> IPv6)
{
    /// <summary>A policy that no other round has.</summary>
    public string Policy => Scenario.Documents[0].Name;

    /// <summary>Who the station is now, at its address of the family.</summary>
    public Workload WorkloadOf(Station station, bool ipv4) => (ipv4 ? IPv4 : IPv6)[station.Index];

    /// <summary>Labels of pods and namespaces, policies, and what these refer to, by chance.</summary>
    public static Round Draw(Random random, IReadOnlyList<Station> stations, int number)
    {
        var drawn = new ClusterDraw(random);
        List<Workload> pods = [.. stations.Select((station, i) => station.IsOutside ? station.Pod : station.Pod with { Labels = drawn.Pod(i).Labels })];
        List<Workload> first = [.. stations.Select(station => pods[station.Index] with { Address = station.IPv4 })];
        List<Workload> second = [.. stations.Select(station => pods[station.Index] with { Address = station.IPv6 })];
        var cluster = drawn.Cluster() with { Workloads = [.. first, .. second] };
        var documents = new PolicyDraw(random, cluster).Documents();
        return new Round(number, new Scenario(cluster, [.. documents.Select((document, i) => Fit(document, $"round-{number}-{i}"))]), first, second);
    }

    // An earlier document of the name would stay in force where this one is refused. And between nodes the server's side sees
    // the header fields that the client's has changed, which the reference, asked twice, does not know.
    private static Document Fit(Document document, string name) => document with
    {
        Name = name,
        Rules = [.. document.Rules.Select(rule => rule with { Egress = rule.Egress?.Select(Unchanging).ToList() })],
    };

    private static Item Unchanging(Item item) => item with { ToPorts = item.ToPorts?.Select(ports => ports with { Http = ports.Http?.Select(Unchanging).ToList() }).ToList() };

    private static HttpRule Unchanging(HttpRule rule) =>
        rule with { HeaderMatches = [.. rule.HeaderMatches.Select(match => match.Mismatch is null ? match : match with { Mismatch = "LOG" })] };
}
