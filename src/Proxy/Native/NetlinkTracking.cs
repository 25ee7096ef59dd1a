namespace Proxy.Native;

/// <summary>Connection tracking of a network namespace.</summary>
internal static class NetlinkTracking
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Forgets every connection that is tracked: what goes on must have begun afterwards to be known.</summary>
    /// <exception cref="IOException">The kernel refuses, or cannot.</exception>
    public static void Flush(NetworkNamespace place)
    {
        Span<byte> buffer = stackalloc byte[MessageLength];
        using var socket = NetlinkSocket.Open(place, MessageLength);
        // No attributes: all of them, in both families (net/netfilter/nf_conntrack_netlink.c, ctnetlink_del_conntrack).
        var isSent = socket.TrySend(new NetlinkWriter(buffer, Subsystem | CommandDelete, Request | Acknowledge, 0, 0).Finish());
        if (!isSent || !socket.Wait(Patience) || socket.Receive(buffer, out var length) != NetlinkReceive.Message)
            throw new IOException("the kernel does not answer");
        var reader = new NetlinkReader(buffer[..length]);
        if (!reader.Next() || !reader.IsAnswer(out var error) || error != 0)
            throw new IOException("the kernel cannot: modprobe nf_conntrack_netlink");
    }

    private const int MessageLength = 128;
    private const ushort Subsystem = 1 << 8;
    private const ushort CommandDelete = 2;
    private const ushort Request = 1;
    private const ushort Acknowledge = 4;
}
