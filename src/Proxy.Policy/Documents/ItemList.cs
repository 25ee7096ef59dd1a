namespace Proxy.Policy.Documents;

/// <summary>One of the four lists of items that a rule may have.</summary>
internal sealed record ItemList(string Key, Direction Direction, bool IsDeny, KeySchema Items, KeySchema PortRules)
{
    public static readonly ItemList Ingress = new("ingress", Direction.Ingress, false, KeySchema.Ingress, KeySchema.PortRule);
    public static readonly ItemList Egress = new("egress", Direction.Egress, false, KeySchema.Egress, KeySchema.PortRule);
    public static readonly ItemList IngressDeny = new("ingressDeny", Direction.Ingress, true, KeySchema.IngressDeny, KeySchema.PortDenyRule);
    public static readonly ItemList EgressDeny = new("egressDeny", Direction.Egress, true, KeySchema.EgressDeny, KeySchema.PortDenyRule);

    public static IReadOnlyList<ItemList> All { get; } = [Ingress, Egress, IngressDeny, EgressDeny];

    /// <summary>The key of a kind of peer: <c>fromCIDR</c>, <c>toCIDR</c>.</summary>
    public string PeerKey(string kind) => (Direction == Direction.Ingress ? "from" : "to") + kind;

    /// <summary>What becomes of an item with something that is not supported yet, for its warning.</summary>
    public string WithoutSupport => IsDeny
        ? $"is not supported yet: the item denies all {DirectionName} traffic"
        : "is not supported yet: what it would allow is not allowed";

    private string DirectionName => Direction == Direction.Ingress ? "ingress" : "egress";
}
