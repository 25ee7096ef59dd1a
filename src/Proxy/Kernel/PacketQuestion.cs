using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>The kernel's question: may this connection or flow begin? Answered by its packet's number, at any time, in any order.</summary>
internal readonly record struct PacketQuestion
{
    public required uint PacketId { get; init; }

    /// <summary>The queue in which the packet waits.</summary>
    public required ushort Queue { get; init; }

    /// <summary>The packet's mark, of which an answer changes our bits only.</summary>
    public uint Mark { get; init; }

    /// <summary>Begun by the pod; otherwise by whoever speaks to the pod.</summary>
    public required bool IsOutbound { get; init; }

    /// <summary>The packet goes back in a flow that was allowed before: source and destination are those of the flow's first packet.</summary>
    public bool IsReply { get; init; }

    /// <summary>By IP protocol number; one that rules do not know has ports 0.</summary>
    public required TransportProtocol Protocol { get; init; }

    public required Address Source { get; init; }
    public required ushort SourcePort { get; init; }
    public required Address Destination { get; init; }

    /// <summary>Of ICMP the type.</summary>
    public required ushort DestinationPort { get; init; }

    /// <summary>Of ICMP; otherwise 0.</summary>
    public byte Code { get; init; }
}
