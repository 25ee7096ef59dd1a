using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Spiffe;
using Proxy.Telemetry;
using Proxy.Telemetry.Protos;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Telemetry;

/// <summary>The star-wars cast, as flows know it.</summary>
internal static class Sample
{
    public const string Node = "k8s1";

    public static readonly FlowEndpoint Tiefighter = Pod("10.0.1.7", 37618, "tiefighter", 30913, "class=tiefighter");

    public static readonly FlowEndpoint Xwing = Pod("10.0.1.8", 45706, "xwing", 63406, "class=xwing");

    public static readonly FlowEndpoint DeathStar = Pod("10.0.2.9", 80, "deathstar-8464cdd4d9-p58cs", 40182, "class=deathstar");

    public static FlowEndpoint Pod(string address, ushort port, string name, uint identity, string label)
    {
        var parts = label.Split('=');
        var labels = LabelSet.Of(("k8s", parts[0], parts[1]), ("k8s", "io.kubernetes.pod.namespace", "default"));
        var workload = new Proxy.Cluster.Workload
        {
            Uid = name,
            Namespace = "default",
            Name = name,
            ServiceAccount = "default",
            NodeName = Node,
            Addresses = [Address(address)],
            Labels = new Dictionary<string, string> { [parts[0]] = parts[1] },
            Mode = EnrolmentMode.Enabled,
            IsHostNetwork = false,
            NetworkNamespace = null,
            Identity = new Identity(identity, labels),
            ExpectedId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/default"),
            Owners = [("Deployment", name.Split('-')[0])],
        };
        return new FlowEndpoint(Address(address), port, workload, workload.Identity);
    }

    public static Address Address(string text) =>
        Proxy.Policy.Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    public static FlowEvent Verdict(FlowEndpoint client, FlowVerdict verdict, PolicyMatch match, bool auth = false) => new()
    {
        Kind = FlowKind.PolicyVerdict,
        Verdict = verdict,
        Direction = Direction.Ingress,
        Source = client,
        Destination = DeathStar,
        Match = match,
        AuthSpire = auth,
        DropReason = verdict == FlowVerdict.Dropped ? DropReason.PolicyDenied : DropReason.None,
    };

    public static FlowEvent Drop(FlowEndpoint client, DropReason because, string reason = "") => new()
    {
        Kind = FlowKind.Drop,
        Verdict = FlowVerdict.Dropped,
        Direction = Direction.Ingress,
        Source = client,
        Destination = DeathStar,
        DropReason = because,
        Reason = reason,
    };

    public static FlowEvent Request(FlowVerdict verdict, ReadOnlySpan<byte> method, ReadOnlySpan<byte> target) => new()
    {
        Kind = FlowKind.HttpRequest,
        Verdict = verdict,
        Direction = Direction.Ingress,
        Source = Tiefighter,
        Destination = DeathStar,
        Method = method,
        Target = target,
        Host = "deathstar.default.svc.cluster.local"u8,
    };

    public static FlowEvent Response(ushort status, ReadOnlySpan<byte> method, ReadOnlySpan<byte> target) => new()
    {
        Kind = FlowKind.HttpResponse,
        Verdict = FlowVerdict.Forwarded,
        Direction = Direction.Ingress,
        Source = Tiefighter,
        Destination = DeathStar,
        Method = method,
        Target = target,
        Host = "deathstar.default.svc.cluster.local"u8,
        StatusCode = status,
    };

    /// <summary>What a client gets of this one event.</summary>
    public static Flow ToFlow(in FlowEvent happened)
    {
        var ring = new FlowRing(Node, new SteppedTime(), 1);
        ring.Write(happened);
        _ = new FlowCursor(ring).Read(0, out var flow);
        return flow!;
    }
}
