using System.Text;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Policy documents by chance, as somebody would write them: few peers, few ports, so that rules meet packets.</summary>
internal sealed class PolicyText(Random random)
{
    public static readonly string[] Apps = ["red", "green", "blue"];
    public static readonly int[] Ports = [53, 80, 8080, 9000];

    private static readonly string[] Entities = ["all", "world", "cluster", "remote-node", "host"];
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP", "ANY"];

    // Beside and around the machine outside.
    private static readonly string[] Ranges =
    [
        "{cidr: 0.0.0.0/0}", "{cidr: \"::/0\"}", "{cidr: 192.0.2.0/24}", "{cidr: \"2001:db8::/32\"}", "{cidr: 192.0.2.0/24, except: [192.0.2.10/32]}",
        "{cidr: \"2001:db8::/32\", except: [\"2001:db8::10/128\"]}", "{cidr: 10.0.0.0/8}", "{cidr: 192.0.2.10/32}", "{cidr: \"2001:db8::10/128\"}",
    ];

    /// <summary>A Cilium policy of that name.</summary>
    public string Document(string name)
    {
        var text = new StringBuilder($"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: {name}\n  namespace: default\nspec:\n");
        text.Append($"  endpointSelector: {Selector()}\n");
        string[] directions = random.Next(3) switch
        {
            0 => ["ingress"],
            1 => ["egress"],
            _ => ["ingress", "egress"],
        };
        foreach (var direction in directions)
        {
            AppendItems(text, direction, "", 3);
            if (random.Next(4) == 0)
                AppendItems(text, direction, "Deny", 1);
        }

        if (random.Next(6) == 0)
            text.Append($"  enableDefaultDeny: {{ingress: {Flag()}, egress: {Flag()}}}\n");
        return text.ToString();
    }

    private void AppendItems(StringBuilder text, string direction, string kind, int most)
    {
        text.Append($"  {direction}{kind}:\n");
        for (var count = random.Next(1, most + 1); count > 0; count--)
            text.Append($"    - {{{Item(direction == "ingress" ? "from" : "to")}}}\n");
    }

    private string Item(string word)
    {
        var (peers, ports) = (Peers(word), PortsOf());
        return string.Join(", ", new[] { peers, ports }.Where(part => part.Length > 0));
    }

    private string Peers(string word) => random.Next(5) switch
    {
        0 => "",
        1 => $"{word}Entities: [{Pick(Entities)}]",
        2 => $"{word}CIDRSet: [{Pick(Ranges)}]",
        _ => $"{word}Endpoints: [{Selector()}]",
    };

    private string PortsOf() => random.Next(5) switch
    {
        0 => "",
        1 => $"icmps: [{{fields: [{{family: IPv4, type: {Pick(PacketDraw.IcmpTypes)}}}, {{family: IPv6, type: {Pick(PacketDraw.IcmpV6Types)}}}]}}]",
        2 => $"toPorts: [{{ports: [{{port: \"{Pick(Ports)}\", endPort: {random.Next(60, 10_000)}, protocol: {Pick(Protocols)}}}]}}]",
        3 => $"toPorts: [{{ports: [{{port: \"0\", protocol: {Pick(Protocols)}}}]}}]",
        _ => $"toPorts: [{{ports: [{{port: \"{Pick(Ports)}\", protocol: {Pick(Protocols)}}}, {{port: \"{Pick(Ports)}\", protocol: {Pick(Protocols)}}}]}}]",
    };

    private string Selector() => random.Next(3) == 0 ? "{}" : $"{{matchLabels: {{app: {Pick(Apps)}}}}}";

    private string Flag() => random.Next(2) == 0 ? "true" : "false";

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}
