using System.Collections.Frozen;

namespace Proxy.Policy;

/// <summary>
/// The names that a server pod gives to its container ports (Kubernetes, <c>containers[].ports[].name</c>). Immutable; pods
/// with the same names may share one.
/// </summary>
public sealed class NamedPorts : IEquatable<NamedPorts>
{
    private readonly FrozenDictionary<(TransportProtocol Protocol, string Name), ushort> _ports;

    /// <summary>Names are compared in lower case; of two ports with one name and protocol the first counts.</summary>
    public NamedPorts(IEnumerable<(string Name, TransportProtocol Protocol, ushort Port)> ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _ports = ports
            .DistinctBy(port => (port.Protocol, port.Name.ToLowerInvariant()))
            .ToFrozenDictionary(port => (port.Protocol, port.Name.ToLowerInvariant()), port => port.Port);
    }

    /// <summary>No name.</summary>
    public static NamedPorts None { get; } = new([]);

    /// <summary>The port of that name, which is in lower case; false when the pod has none for the protocol.</summary>
    public bool TryFind(TransportProtocol protocol, string name, out ushort port) =>
        _ports.TryGetValue((protocol, name), out port);

    /// <summary>Whether both give the same names to the same ports.</summary>
    public bool Equals(NamedPorts? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _ports.Count == other._ports.Count
            && _ports.All(port => other._ports.TryGetValue(port.Key, out var number) && number == port.Value));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NamedPorts);

    /// <inheritdoc/>
    public override int GetHashCode() => _ports.Aggregate(_ports.Count, (hash, port) => hash ^ HashCode.Combine(port.Key, port.Value));
}
