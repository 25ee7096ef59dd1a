using System.Buffers.Binary;
using System.Text;
using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Fuzz.Targets;

/// <summary>What comes from the kernel, and the packets in it from anybody.</summary>
internal static class KernelTargets
{
    public static FuzzTarget FirstPackets { get; } = new("first-packets", CheckFirstPacket)
    {
        MaxLength = 256,
        Seeds = [.. Packets()],
    };

    public static FuzzTarget Flows { get; } = new("flows", CheckFlow)
    {
        MaxLength = 256,
        Seeds = [.. Packets(), .. OtherPackets()],
    };

    public static FuzzTarget Netlink { get; } = new("netlink", CheckNetlink)
    {
        MaxLength = 1024,
        Seeds = [.. Packets().Select(QueuedMessage), .. Packets().Select(packet => (byte[])[.. QueuedMessage(packet), .. QueuedMessage(packet)])],
    };

    public static FuzzTarget SavedRules { get; } = new("saved-rules", CheckSavedRules)
    {
        Words = FuzzTargets.Bytes("*mangle\n", "*filter\n", ":NODE_PROXY_OUT - [0:0]\n", "-A ", " -j ", " -g ", "--comment ", "\"", "\\\"", "NODE_PROXY_", "COMMIT\n", "-A", ":", "*"),
        Seeds = FuzzTargets.Bytes(
            $"*mangle\n:PREROUTING ACCEPT [0:0]\n:{CaptureRuleSet.Prefix}IN - [0:0]\n-A PREROUTING -p tcp -m comment --comment \"node-proxy\" -j {CaptureRuleSet.Prefix}IN\nCOMMIT\n",
            $"*filter\n:{CaptureSettings.StateChain} - [0:0]\n-A {CaptureSettings.StateChain} -m comment --comment \"before capture: net.ipv4.conf.lo.rp_filter=1\"\nCOMMIT\n",
            "15001  12345     0 2   128     0     0        7  1\n"),
    };

    private static void CheckFirstPacket(byte[] packet)
    {
        Surroundings.Same(packet, bytes => SynHead.TryParse(bytes.Span, out var head) ? head.ToString() : "refused");
        if (!SynHead.TryParse(packet, out var whole))
            return;
        Oracle.Holds(packet[0] >> 4 == 4 == whole.Source.IsIPv4 && whole.Source.IsIPv4 == whole.Destination.IsIPv4, "the addresses are of the packet's family");
        for (var length = 0; length < packet.Length; length++)
        {
            if (SynHead.TryParse(packet.AsSpan(0, length), out var part))
                Oracle.Same(whole.ToString(), part.ToString(), "a longer piece of the packet says something else");
        }

        Oracle.Holds(SynHead.TryParse(PacketOf(whole), out var again) && again == whole, "the plainest packet of these ends reads the same");
    }

    private static void CheckFlow(byte[] packet)
    {
        Surroundings.Same(packet, bytes => FlowHead.TryParse(bytes.Span, out var head) ? $"{head} {head.FirstOfFlow()}" : "refused");
        if (!FlowHead.TryParse(packet, out var whole))
            return;
        var isIcmp = whole.Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6;
        Oracle.Holds(packet[0] >> 4 == 4 == whole.Source.IsIPv4 && whole.Source.IsIPv4 == whole.Destination.IsIPv4, "the addresses are of the packet's family");
        Oracle.Holds(whole.Protocol != TransportProtocol.Tcp && !SynHead.TryParse(packet, out _), "a packet is TCP or is not");
        Oracle.Holds(!isIcmp || (whole.DestinationPort <= byte.MaxValue && whole.Source.IsIPv4 == (whole.Protocol == TransportProtocol.Icmp)), "ICMP has a type, and is of its family");
        Oracle.Holds(whole.FirstOfFlow() is not { } first || (first.Source == whole.Destination && first.Destination == whole.Source), "what answers goes the other way");
        Oracle.Holds(isIcmp || whole.FirstOfFlow()?.FirstOfFlow() == whole, "the answer to an answer is the flow itself");
        for (var length = 0; length < packet.Length; length++)
        {
            if (FlowHead.TryParse(packet.AsSpan(0, length), out var part))
                Oracle.Same(whole.ToString(), part.ToString(), "a longer piece of the packet says something else");
        }
    }

    private static void CheckNetlink(byte[] datagram) => Surroundings.Same(datagram, bytes =>
    {
        var text = new StringBuilder();
        var reader = new NetlinkReader(bytes.Span);
        for (var messages = 0; reader.Next(); messages++)
        {
            Oracle.Holds(messages <= bytes.Length / 16, "the walk over messages ends");
            text.Append($"{reader.Type} {reader.Body.Length} {reader.IsAnswer(out var error)} {error};");
            var attributes = reader.Attributes;
            for (var count = 0; attributes.Next(); count++)
                Oracle.Holds(count <= bytes.Length / 4, "the walk over attributes ends");
            if (NetlinkQueue.TryRead(reader, out var packet))
                text.Append($"{packet.Id} {packet.Hook} {Convert.ToHexString(packet.Head)} {(PacketQuestions.TryReadSyn(packet, out var question) ? question.ToString() : "")}")
                    .Append($"{(PacketQuestions.TryReadFlow(packet, false, out var flow) ? flow.ToString() : "")} {(PacketQuestions.TryReadFlow(packet, true, out var back) ? back.ToString() : "")}");
        }

        return text.ToString();
    });

    private static void CheckSavedRules(byte[] input)
    {
        var lines = Encoding.UTF8.GetString(input).Split('\n');
        var tables = SavedTables.Parse(lines.Where(line => line.Length > 0));
        foreach (var rule in tables.Entries)
            Oracle.Holds(rule.Entered.StartsWith(CaptureRuleSet.Prefix, StringComparison.Ordinal) && rule.Name.Length <= rule.Line.Length, "a way to us names our chain");
        Oracle.Holds(tables.OurChains.All(chain => !chain.Name.Contains(' ', StringComparison.Ordinal)), "a chain is one word");
        foreach (var (key, value) in CaptureSettings.Earlier(tables))
            Oracle.Holds(key.StartsWith("net.ipv4.conf.lo.", StringComparison.Ordinal) && value is "0" or "1" or "2", "only our settings are put back");
        VerdictQueue.ParseCounters(lines, 15001);
    }

    private static IEnumerable<byte[]> Packets()
    {
        byte[] v4 = [0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 1, 2, 10, 0, 2, 3];
        byte[] v6 = [0x60, 0, 0, 0, 0, 20, 6, 64, 0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3];
        byte[] tcp = [0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0];
        byte[] options = [6, 0, 1, 4, 0, 0, 0, 0];
        byte[] v6WithOptions = [.. v6];
        v6WithOptions[6] = 60;
        return [[.. v4, .. tcp], [.. v6, .. tcp], [.. v6WithOptions, .. options, .. tcp]];
    }

    // UDP, SCTP, echo and another protocol.
    private static IEnumerable<byte[]> OtherPackets()
    {
        foreach (var packet in Packets())
        {
            var at = packet[0] >> 4 == 4 ? 9 : packet[6] == 6 ? 6 : 40;
            foreach (var protocol in (byte[])[17, 132, 136, 253])
                yield return With(packet, at, protocol);
            var icmp = packet[0] >> 4 == 4;
            yield return [.. With(packet, at, (byte)(icmp ? 1 : 58))[..^20], (byte)(icmp ? 8 : 128), 0, 0, 0, 0, 1, 0, 1];
        }
    }

    private static byte[] With(byte[] packet, int at, byte value)
    {
        byte[] changed = [.. packet];
        changed[at] = value;
        return changed;
    }

    private static byte[] PacketOf(in SynHead head)
    {
        var packet = Packets().ElementAt(head.Source.IsIPv4 ? 0 : 1);
        var (source, length, tcp) = head.Source.IsIPv4 ? (12, 4, 20) : (8, 16, 40);
        head.Source.WriteBytes(packet.AsSpan(source));
        head.Destination.WriteBytes(packet.AsSpan(source + length));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(tcp), head.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(tcp + 2), head.DestinationPort);
        return packet;
    }

    // NFQNL_MSG_PACKET with its header (id, protocol, hook) and payload.
    private static byte[] QueuedMessage(byte[] packet)
    {
        var padding = new byte[(4 - (packet.Length % 4)) % 4];
        byte[] body = [2, 0, 0, 1, 11, 0, 1, 0, 0, 0, 0, 7, 8, 0, 3, 0, (byte)(packet.Length + 4), 0, 10, 0, .. packet, .. padding];
        return [(byte)(body.Length + 16), 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. body];
    }
}
