using Proxy.Native;

namespace Proxy.Kernel;

/// <summary>Makes a question of a queued packet; only the two hooks with our rules are understood.</summary>
internal static class SynQuestions
{
    public static bool TryRead(in QueuedPacket packet, out SynQuestion question)
    {
        question = default;
        if (packet.Hook is not (PacketHook.LocalOut or PacketHook.Prerouting) || !SynHead.TryParse(packet.Head, out var head))
            return false;

        question = new SynQuestion
        {
            PacketId = packet.Id,
            IsOutbound = packet.Hook == PacketHook.LocalOut,
            Source = head.Source,
            SourcePort = head.SourcePort,
            Destination = head.Destination,
            DestinationPort = head.DestinationPort,
        };
        return true;
    }
}
