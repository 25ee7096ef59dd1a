namespace Proxy.Policy.Tests.Reference;

/// <summary>Draws questions about a cluster.</summary>
internal sealed class QuestionDraw(Random random, ClusterModel cluster)
{
    private readonly List<Workload> _pods = [.. cluster.Workloads.Where(workload => workload.Kind == PeerKind.Pod)];

    public Question Question()
    {
        var direction = random.Next(3) > 0 ? Direction.Ingress : Direction.Egress;
        var protocol = random.From(
            TransportProtocol.Tcp, TransportProtocol.Tcp, TransportProtocol.Tcp, TransportProtocol.Tcp, TransportProtocol.Tcp, TransportProtocol.Tcp, TransportProtocol.Tcp,
            TransportProtocol.Udp, TransportProtocol.Sctp, TransportProtocol.Icmp, TransportProtocol.IcmpV6);
        return new Question(direction, random.From(_pods), Peer(), protocol, Port(protocol), Authentication(), Request());
    }

    private Workload Peer() => random.OneIn(2) ? random.From(cluster.Workloads) : random.From(_pods);

    private ushort Port(TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Icmp => random.From<ushort>(0, 3, 8),
        TransportProtocol.IcmpV6 => random.From<ushort>(8, 128),
        _ => random.OneIn(10) ? random.From<ushort>(1, 79, 91, 444, 65535) : random.From(PortDraw.Numbers),
    };

    private PeerAuthentication Authentication() => random.From(Enum.GetValues<PeerAuthentication>());

    public Request Request() => new(
        random.From("GET", "GET", "HEAD", "POST", "PUT", "get"),
        random.From("/", "/public", "/public/a", "/public?x=1", "/v1/users", "/a", "/a?x=1", "/b?x=1", "/a?x=y", "/v1/%2e%2e/a", "/public/../a", "/public%2Fa"),
        random.From("web", "web", "web:8080", "foo.bar.com", "fooxbar.com"),
        Headers());

    private List<(string Name, string Value)> Headers() =>
        [.. new (string, string)[] { (random.From("x-token", "X-Token"), random.From("1", "2", "3")), ("x-debug", "on") }.Where(_ => random.OneIn(2))];
}
