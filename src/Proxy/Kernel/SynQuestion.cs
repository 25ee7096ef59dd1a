using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>The kernel's question: may this connection begin? Answered by its packet's number, at any time, in any order.</summary>
internal readonly record struct SynQuestion
{
    public required uint PacketId { get; init; }

    /// <summary>Dialled by the pod; otherwise it arrived at the pod.</summary>
    public required bool IsOutbound { get; init; }

    public required Address Source { get; init; }
    public required ushort SourcePort { get; init; }
    public required Address Destination { get; init; }
    public required ushort DestinationPort { get; init; }
}
