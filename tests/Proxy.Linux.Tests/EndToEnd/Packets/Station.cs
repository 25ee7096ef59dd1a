using Lab;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Somebody who sends and hears, a pod or a machine outside, as far as he stays the same whatever is drawn.</summary>
/// <param name="Index">In the list of all.</param>
/// <param name="Pod">As the reference knows him; of his labels and of his address only those of the moment count.</param>
/// <param name="IsEnrolled">A node-proxy asks about what he sends and gets.</param>
internal sealed record Station(int Index, Workload Pod, bool IsEnrolled)
{
    private const string NodeA = "10.0.1.";

    public string IPv4 { get; init; } = $"{NodeA}{Index + 1}";

    public string IPv6 { get; init; } = $"fd00:0:0:1::{Index + 1}";

    /// <summary>Null while nobody has made it.</summary>
    public LabPod? Made { get; init; }

    public bool IsOutside => Pod.Kind == PeerKind.World;

    public bool Equals(Station? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Index;

    /// <summary>Some of two nodes' pods, one of them not enrolled, and a machine outside at an address that ranges are drawn for.</summary>
    public static IReadOnlyList<Station> Draw(Random random)
    {
        var drawn = new ClusterDraw(random);
        var pods = Enumerable.Range(0, 7).Select(i => drawn.Pod(i) with { Name = $"drawn-{i}" });
        return
        [
            .. pods.Select((pod, i) => new Station(i, pod, IsEnrolled: i < 6)),
            new Station(7, new Workload("beyond", PeerKind.World, "192.0.2.1"), IsEnrolled: false) { IPv4 = "192.0.2.1", IPv6 = "2001:db8:1::5" },
        ];
    }

    /// <summary>What the lab is to make of it.</summary>
    public PodOptions Options => new()
    {
        Namespace = IsOutside ? "default" : Pod.Namespace,
        ServiceAccount = IsOutside ? null : Pod.Account,
        Labels = Pod.Labels,
        IsEnrolled = IsEnrolled,
        WritesManifest = !IsOutside,
        Addresses = IsOutside ? (IPv4, IPv6) : null,
        Ports = [.. Pod.Ports.Select(port => (port.Name, port.Protocol.ToString().ToUpperInvariant(), port.Number))],
    };
}
