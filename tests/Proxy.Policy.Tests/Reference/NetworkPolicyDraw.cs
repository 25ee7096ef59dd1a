namespace Proxy.Policy.Tests.Reference;

/// <summary>Draws the spec of a NetworkPolicy.</summary>
internal sealed class NetworkPolicyDraw(Random random, SelectorDraw selectors)
{
    private readonly PortDraw _ports = new(random);

    public NetworkPolicySpec Spec() => new(random.OneIn(2) ? Selector.Of() : selectors.Pods())
    {
        PolicyTypes = random.From<IReadOnlyList<Direction>?>(
            null, null, [Direction.Ingress], [Direction.Egress], [Direction.Ingress, Direction.Egress]),
        Ingress = random.OneIn(4) ? null : random.List(0, 2, Item),
        Egress = random.OneIn(2) ? null : random.List(0, 2, Item),
    };

    private NetworkPolicyItem Item() => new()
    {
        Peers = random.OneIn(4) ? null : random.List(random.OneIn(5) ? 0 : 1, 2, Peer),
        Ports = random.OneIn(2) ? null : random.List(random.OneIn(5) ? 0 : 1, 2, _ports.NetworkPolicyPort),
    };

    private NetworkPolicyPeer Peer() => random.Next(4) switch
    {
        0 => new() { Pods = selectors.Pods() },
        1 => new() { Namespaces = selectors.Namespaces() },
        2 => new() { Pods = selectors.Pods(), Namespaces = selectors.Namespaces() },
        3 when random.OneIn(2) => new() { Block = random.From("0.0.0.0/0", "::/0", "192.0.2.0/24"), Except = [] },
        _ => new() { Block = "10.0.0.0/8", Except = random.OneIn(2) ? [] : ["10.96.0.0/12"] },
    };
}
