using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>
/// The pairs that the kernel need not ask about for a while, of one pod's namespace: outbound, the destination that
/// was dialled; inbound, the client's address and the pod's port. A failure only means that the kernel asks again.
/// Used by one worker thread; nothing blocks and nothing is allocated per entry.
/// </summary>
internal sealed class AllowSet : IDisposable
{
    private const int ReceiveBytes = 64 * 1024;

    // The kernel's words about so many entries have room in the socket.
    private const int MostUnheard = 32;

    private readonly byte[] message = GC.AllocateUninitializedArray<byte>(NetlinkSet.MessageLength, pinned: true);
    private readonly byte[] received = GC.AllocateUninitializedArray<byte>(1024, pinned: true);
    private readonly NetlinkSocket socket;
    private long errors;
    private int unheard;

    private AllowSet(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Entries and flushes that the kernel did not take.</summary>
    public long Errors
    {
        get
        {
            Hear();
            return errors;
        }
    }

    /// <exception cref="IOException">The kernel refuses a netlink socket in the namespace.</exception>
    public static AllowSet Open(NetworkNamespace ns) => new(NetlinkSocket.Open(ns, ReceiveBytes));

    /// <summary>Remembers a destination that the pod may dial.</summary>
    public void AddOutbound(Address destination, ushort port, TimeSpan time) =>
        Add(destination.IsIPv4 ? CaptureFamily.IPv4.OutboundSet : CaptureFamily.IPv6.OutboundSet, destination, port, time);

    /// <summary>Remembers a client that may dial a port of the pod.</summary>
    public void AddInbound(Address client, ushort port, TimeSpan time) =>
        Add(client.IsIPv4 ? CaptureFamily.IPv4.InboundSet : CaptureFamily.IPv6.InboundSet, client, port, time);

    /// <summary>Forgets everything, so that the next packet of every pair is asked about.</summary>
    public void Flush()
    {
        Send(NetlinkSet.Flush(message, CaptureFamily.IPv4.OutboundSet));
        Send(NetlinkSet.Flush(message, CaptureFamily.IPv4.InboundSet));
        Send(NetlinkSet.Flush(message, CaptureFamily.IPv6.OutboundSet));
        Send(NetlinkSet.Flush(message, CaptureFamily.IPv6.InboundSet));
    }

    public void Dispose() => socket.Dispose();

    private void Add(string set, Address address, ushort port, TimeSpan time)
    {
        Span<byte> bytes = stackalloc byte[16];
        var length = address.WriteBytes(bytes);
        var seconds = (uint)Math.Clamp(time.TotalSeconds, 1, 3600);
        SendEntry(NetlinkSet.Add(message, set, bytes[..length], (byte)TransportProtocol.Tcp, port, seconds));
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
        for (var answer = socket.Receive(received, out _); answer != NetlinkReceive.Empty; answer = socket.Receive(received, out _))
            errors++;
    }
}
