using System.Globalization;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Tests.Matching;

/// <summary>
/// Policies in one line each, made of the model itself: <c>empire 80 required http:POST; deny tie *</c>. First words of a
/// line may be <c>open</c> (isolates nobody), <c>audit</c>, <c>closed</c>, <c>egress</c>, <c>on:tie</c>, <c>log:text</c>. An empty
/// line isolates and allows nothing.
/// </summary>
internal static class Draft
{
    public static PolicySnapshot Snapshot(params string[] lines) => PolicySnapshot.Compile(Documents(lines));

    public static PolicySnapshot SnapshotWith(PolicyContext context, params string[] lines) => PolicySnapshot.Compile(Documents(lines), context);

    public static PolicyDocument[] Documents(params string[] lines) =>
        [.. lines.Select((line, i) => Document(line, string.Create(CultureInfo.InvariantCulture, $"p{i}")))];

    public static PolicyDocument Document(string line, string name)
    {
        var reference = new RuleReference("CiliumNetworkPolicy", "default", name, "spec");
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        var flags = words.TakeWhile(word => word is "open" or "audit" or "closed" or "egress" || word.StartsWith("on:", StringComparison.Ordinal) || word.StartsWith("log:", StringComparison.Ordinal)).ToHashSet();
        var direction = flags.Contains("egress") ? Direction.Egress : Direction.Ingress;
        var rules = string.Join(' ', words.Skip(flags.Count)).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var on = flags.FirstOrDefault(flag => flag.StartsWith("on:", StringComparison.Ordinal))?[3..] ?? "ds";
        var section = new PolicySection(SelectorOf(on, inNamespace: true), reference, [.. rules.Select((rule, i) => Rule(rule, direction, reference, i))])
        {
            GovernsIngress = direction == Direction.Ingress,
            GovernsEgress = direction == Direction.Egress,
            LeavesIngressOpen = flags.Contains("open"),
            LeavesEgressOpen = flags.Contains("open"),
            IsAudit = flags.Contains("audit"),
            IsClosed = flags.Contains("closed"),
            LogValue = flags.FirstOrDefault(flag => flag.StartsWith("log:", StringComparison.Ordinal))?[4..] ?? "",
        };
        return new PolicyDocument(reference.Kind, reference.Namespace, name, [section], []);
    }

    private static PolicyRule Rule(string text, Direction direction, RuleReference document, int index)
    {
        var words = text.Split(' ');
        var isDeny = words[0] == "deny";
        if (isDeny)
            words = words[1..];
        var item = direction == Direction.Ingress ? "ingress" : "egress";
        var reference = document with { RulePath = string.Create(CultureInfo.InvariantCulture, $"spec.{item}{(isDeny ? "Deny" : "")}[{index}]") };
        return new PolicyRule(direction, PeersOf(words[0]), PortsOf(words[1]), reference)
        {
            IsDeny = isDeny,
            Authentication = words.Contains("required") ? AuthenticationMode.Required
                : words.Contains("disabled") ? AuthenticationMode.Disabled
                : words.Contains("fail") ? AuthenticationMode.TestAlwaysFail : AuthenticationMode.None,
            Http = words.Any(word => word.StartsWith("http:", StringComparison.Ordinal))
                ? [.. words.Where(word => word.StartsWith("http:", StringComparison.Ordinal)).Select((word, i) => Request(word[5..], reference, i))]
                : null,
        };
    }

    private static HttpMatch Request(string method, RuleReference rule, int index)
    {
        var reference = rule with { RulePath = string.Create(CultureInfo.InvariantCulture, $"{rule.RulePath}.toPorts[0].rules.http[{index}]") };
        if (method == "*")
            return new HttpMatch(null, null, reference);

        Assert.True(HttpPattern.TryCreate(method, out var pattern, out _));
        return new HttpMatch(pattern, null, reference);
    }

    private static PeerMatch PeersOf(string text) => text.Split(':') switch
    {
        ["any"] => PeerMatch.Any,
        ["nobody"] => PeerMatch.Nobody,
        ["cidr", var range] => PeerMatch.OneOf([.. range.Split(',').Select(RangeOf)]),
        ["cidr6", ..] => PeerMatch.OneOf([RangeOf(text[6..])]),
        ["group", var group] => PeerMatch.OneOf([new CidrMatch { GroupName = group }]),
        ["groups", var label] => PeerMatch.OneOf([new CidrMatch { GroupSelector = new LabelSelector([LabelRequirement.Equal("any", "tier", label)]) }]),
        ["service", var service] => PeerMatch.OneOf([new ServiceMatch("default", service, null)]),
        ["services", var label] => PeerMatch.OneOf([new ServiceMatch(null, null, new LabelSelector([LabelRequirement.Equal("any", "tier", label)]))]),
        _ => PeerMatch.OneOf(text.Split(',').Select(name => SelectorOf(name, inNamespace: false))),
    };

    private static CidrMatch RangeOf(string text)
    {
        var parts = text.Split('-');
        return new CidrMatch { Range = CidrOf(parts[0]), Except = [.. parts[1..].Select(CidrOf)] };
    }

    public static Cidr CidrOf(string text) => Cidr.TryParse(text, out var cidr) ? cidr : throw new FormatException(text);

    public static LabelSelector SelectorOf(string name, bool inNamespace)
    {
        var own = LabelRequirement.Equal("k8s", "io.kubernetes.pod.namespace", "default");
        LabelRequirement[] requirements = name switch
        {
            "everything" => [],
            "pods" => [own],
            "empire" or "alliance" => [LabelRequirement.Equal("any", "org", name), own],
            "tie" => [LabelRequirement.Equal("any", "class", "tiefighter"), own],
            "ds" => [LabelRequirement.Equal("any", "class", "deathstar"), own],
            "notalliance" => [new LabelRequirement("any", "org", LabelOperator.NotIn, ["alliance"])],
            "world" or "remote-node" or "host" => [new LabelRequirement("reserved", name, LabelOperator.Exists, [])],
            _ => throw new FormatException(name),
        };
        return new LabelSelector(inNamespace && !requirements.Contains(own) ? requirements.Append(own) : requirements);
    }

    private static PortMatch PortsOf(string text) => text == "*" ? PortMatch.Any : PortMatch.OneOf(text.Split(',').Select(EntryOf));

    private static PortEntry EntryOf(string text)
    {
        var protocol = text.StartsWith("udp", StringComparison.Ordinal) ? TransportProtocol.Udp
            : text.StartsWith("icmp6-", StringComparison.Ordinal) ? TransportProtocol.IcmpV6
            : text.StartsWith("icmp", StringComparison.Ordinal) ? TransportProtocol.Icmp : TransportProtocol.Tcp;
        var rest = protocol switch
        {
            TransportProtocol.Udp => text[3..],
            TransportProtocol.IcmpV6 => text[6..],
            TransportProtocol.Icmp => text[4..],
            _ => text,
        };
        if (!char.IsAsciiDigit(rest[0]))
            return new PortEntry(protocol, 0, 0, rest);

        var ends = rest.Split('-').Select(end => ushort.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return new PortEntry(protocol, ends[0], ends[^1], null);
    }
}
