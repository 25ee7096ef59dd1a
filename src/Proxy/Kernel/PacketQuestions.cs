using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>Makes a question of a queued packet; only the two hooks with our rules are understood.</summary>
internal static class PacketQuestions
{
    /// <summary>The first packet of a TCP connection.</summary>
    public static bool TryReadSyn(in QueuedPacket packet, out PacketQuestion question)
    {
        question = default;
        if (!IsOurHook(packet) || !SynHead.TryParse(packet.Head, out var head))
            return false;

        question = new PacketQuestion
        {
            PacketId = packet.Id,
            Queue = packet.Queue,
            Mark = packet.Mark,
            IsOutbound = packet.Hook == PacketHook.LocalOut,
            Protocol = TransportProtocol.Tcp,
            Source = head.Source,
            SourcePort = head.SourcePort,
            Destination = head.Destination,
            DestinationPort = head.DestinationPort,
        };
        return true;
    }

    /// <summary>A packet that is not TCP. One that goes back in a flow asks for the flow, which the other end began.</summary>
    public static bool TryReadFlow(in QueuedPacket packet, bool isReply, out PacketQuestion question)
    {
        question = default;
        if (!IsOurHook(packet) || !FlowHead.TryParse(packet.Head, out var shown) || (isReply ? shown.FirstOfFlow() : shown) is not { } head)
            return false;

        question = new PacketQuestion
        {
            PacketId = packet.Id,
            Queue = packet.Queue,
            Mark = packet.Mark,
            IsOutbound = (packet.Hook == PacketHook.LocalOut) != isReply,
            IsReply = isReply,
            Protocol = head.Protocol,
            Source = head.Source,
            SourcePort = head.SourcePort,
            Destination = head.Destination,
            DestinationPort = head.DestinationPort,
            Code = head.Code,
        };
        return true;
    }

    private static bool IsOurHook(in QueuedPacket packet) => packet.Hook is PacketHook.LocalOut or PacketHook.Prerouting;
}
