using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>
/// The flows that the kernel need not ask about for a while, of one pod's namespace: by peer, protocol and the server's
/// port, which is all that policy looks at. Used by one worker thread; nothing blocks, nothing is allocated per entry.
/// </summary>
internal sealed class FlowSet : IDisposable
{
    private const int ReceiveBytes = 64 * 1024;

    // The kernel's words about so many entries have room in the socket.
    private const int MostUnheard = 32;

    private readonly byte[] message = GC.AllocateUninitializedArray<byte>(NetlinkSet.MessageLength, pinned: true);
    private readonly byte[] received = GC.AllocateUninitializedArray<byte>(1024, pinned: true);
    private readonly NetlinkSocket socket;
    private long errors;
    private long absent;
    private int unheard;

    private FlowSet(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Changes that the kernel did not take.</summary>
    public long Errors
    {
        get
        {
            Hear();
            return errors;
        }
    }

    /// <exception cref="IOException">The kernel refuses a netlink socket in the namespace.</exception>
    public static FlowSet Open(NetworkNamespace ns) => new(NetlinkSocket.Open(ns, ReceiveBytes));

    /// <summary>Packets of the flow pass for a while, and its answers.</summary>
    public void Add(in FlowKey flow, TimeSpan time)
    {
        Set(flow, flow.IsOutbound, flow.Code, flow.Port, time);
        if (flow.AnswerType is { } answer)
            Set(flow, !flow.IsOutbound, flow.Code, answer, time);
    }

    /// <summary>The next packet of the flow is asked about. False: the kernel did not take it.</summary>
    public bool TryRemove(in FlowKey flow)
    {
        var before = Refused();
        Set(flow, flow.IsOutbound, flow.Code, flow.Port, null);
        if (flow.AnswerType is { } answer)
            Set(flow, !flow.IsOutbound, flow.Code, answer, null);
        return Refused() == before;
    }

    /// <summary>The next packet of every flow is asked about. False: the kernel did not take it.</summary>
    public bool TryFlush()
    {
        var before = Refused();
        foreach (var family in (CaptureFamily[])[CaptureFamily.IPv4, CaptureFamily.IPv6])
        {
            Send(NetlinkSet.Flush(message, family.FlowOutSet));
            Send(NetlinkSet.Flush(message, family.FlowInSet));
        }
        return Refused() == before;
    }

    public void Dispose() => socket.Dispose();

    private void Set(in FlowKey flow, bool isOutbound, byte code, ushort port, TimeSpan? time)
    {
        var family = flow.Peer.IsIPv4 ? CaptureFamily.IPv4 : CaptureFamily.IPv6;
        var set = isOutbound ? family.FlowOutSet : family.FlowInSet;
        Span<byte> bytes = stackalloc byte[16];
        var address = bytes[..flow.Peer.WriteBytes(bytes)];
        var number = flow.IsIcmp ? (ushort)((port << 8) | code) : port;
        if (time is { } limit)
            SendEntry(NetlinkSet.Add(message, set, address, (byte)flow.Protocol, number, (uint)Math.Clamp(limit.TotalSeconds, 1, 3600)));
        else
            Send(NetlinkSet.Delete(message, set, address, (byte)flow.Protocol, number));
    }

    // The kernel acts while it takes the message and says nothing but errors.
    private void Send(ReadOnlySpan<byte> request)
    {
        Tell(request);
        Hear();
    }

    // Nobody waits to hear of an entry: it only spares a question.
    private void SendEntry(ReadOnlySpan<byte> request)
    {
        Tell(request);
        if (++unheard == MostUnheard)
            Hear();
    }

    private void Tell(ReadOnlySpan<byte> request)
    {
        if (!socket.TrySend(request))
            errors++;
    }

    private void Hear()
    {
        unheard = 0;
        for (var answer = socket.Receive(received, out var length); answer != NetlinkReceive.Empty; answer = socket.Receive(received, out length))
        {
            errors++;
            absent += answer == NetlinkReceive.Message && NetlinkSet.TellsOfNoSet(received.AsSpan(0, length)) ? 1 : 0;
        }
    }

    // Where there is no set, nothing is remembered: without IPv6, and where somebody has removed all that is ours.
    private long Refused() => Errors - absent;
}

/// <summary>All that policy looks at in a flow of one pod.</summary>
/// <param name="IsOutbound">Begun by the pod.</param>
/// <param name="Peer">The other end's address.</param>
/// <param name="Protocol">By IP protocol number.</param>
/// <param name="Port">The server's port; of ICMP the type of the first packet.</param>
/// <param name="Code">Of ICMP.</param>
internal readonly record struct FlowKey(bool IsOutbound, Address Peer, TransportProtocol Protocol, ushort Port, byte Code)
{
    internal bool IsIcmp => Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6;

    /// <summary>The type of ICMP that answers; null: none, or no ICMP.</summary>
    internal ushort? AnswerType => (Protocol, Port) switch
    {
        (TransportProtocol.Icmp, 8) => 0,
        (TransportProtocol.Icmp, 13 or 15 or 17) => (ushort)(Port + 1),
        (TransportProtocol.IcmpV6, 128 or 139) => (ushort)(Port + 1),
        _ => null,
    };

    internal static FlowKey Of(in PacketQuestion question) => new(
        question.IsOutbound, question.IsOutbound ? question.Destination : question.Source, question.Protocol, question.DestinationPort, question.Code);
}
