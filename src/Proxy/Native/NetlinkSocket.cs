using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Proxy.Native;

/// <summary>How a receive ended.</summary>
internal enum NetlinkReceive
{
    /// <summary>A datagram from the kernel is in the buffer.</summary>
    Message,

    /// <summary>Nothing is waiting.</summary>
    Empty,

    /// <summary>The kernel dropped messages because the socket's buffer was full.</summary>
    Lost,

    /// <summary>A datagram that was too long or not from the kernel has been thrown away.</summary>
    Foreign,
}

/// <summary>A non-blocking netlink socket to the packet filter, of the namespace it was opened in.</summary>
internal sealed unsafe partial class NetlinkSocket : IDisposable
{
    private readonly SafeFileHandle handle;

    private NetlinkSocket(SafeFileHandle handle) => this.handle = handle;

    /// <summary>For an epoll set; valid until disposed.</summary>
    public int Fd => (int)handle.DangerousGetHandle();

    /// <summary>Opens a socket in the pod's namespace.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static NetlinkSocket Open(NetworkNamespace pod, int receiveBytes)
    {
        using var inside = pod.Enter();
        var handle = CreateSocket(FamilyNetlink, TypeRaw | NonBlocking | CloseOnExec, ProtocolNetfilter);
        if (handle.IsInvalid)
            throw Failure("cannot open a netlink socket", handle);

        var address = new SocketAddress { Family = FamilyNetlink };
        if (BindSocket(handle, &address, sizeof(SocketAddress)) != 0)
            throw Failure("cannot bind a netlink socket", handle);

        // Without the privilege to go beyond the system's limit the kernel's default stays: more loss, no less safety.
        _ = SetOption(handle, LevelSocket, ReceiveBufferForce, &receiveBytes, sizeof(int));
        return new NetlinkSocket(handle);
    }

    /// <summary>Sends one message to the kernel, which acts on it at once; false: refused, and nothing has happened.</summary>
    public bool TrySend(ReadOnlySpan<byte> message)
    {
        var kernel = new SocketAddress { Family = FamilyNetlink };
        fixed (byte* data = message)
            return SendTo(handle, data, (nuint)message.Length, DontWait, &kernel, sizeof(SocketAddress)) == message.Length;
    }

    /// <summary>Takes the next datagram, if there is one.</summary>
    public NetlinkReceive Receive(Span<byte> buffer, out int length)
    {
        SocketAddress sender = default;
        var senderLength = sizeof(SocketAddress);
        nint received;
        fixed (byte* data = buffer)
            received = ReceiveFrom(handle, data, (nuint)buffer.Length, DontWait | ReportLength, &sender, &senderLength);

        length = 0;
        if (received < 0)
            return FailedReceive(Marshal.GetLastPInvokeError());
        // Port 0 is the kernel; anyone privileged in the pod's namespace could write to us as well.
        if (received > buffer.Length || sender.Port != 0 || senderLength != sizeof(SocketAddress))
            return NetlinkReceive.Foreign;
        length = (int)received;
        return NetlinkReceive.Message;
    }

    /// <summary>Waits until something can be received; for the set-up only.</summary>
    public bool Wait(TimeSpan limit)
    {
        var poll = new PollEntry { Fd = Fd, Events = PollIn };
        return Poll(&poll, 1, (int)limit.TotalMilliseconds) > 0;
    }

    public void Dispose() => handle.Dispose();

    private static NetlinkReceive FailedReceive(int error) => error switch
    {
        ErrorNoBuffers => NetlinkReceive.Lost,
        ErrorAgain or ErrorInterrupted => NetlinkReceive.Empty,
        _ => throw new IOException($"cannot receive from netlink: {new Win32Exception(error).Message}"),
    };

    private static IOException Failure(string what, SafeFileHandle handle)
    {
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        return new IOException($"{what}: {new Win32Exception(error).Message} (needs CAP_NET_ADMIN)");
    }

    private const int FamilyNetlink = 16;
    private const int TypeRaw = 3;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int ProtocolNetfilter = 12;
    private const int LevelSocket = 1;
    private const int ReceiveBufferForce = 33;
    private const int DontWait = 0x40;
    private const int ReportLength = 0x20;
    private const short PollIn = 1;
    private const int ErrorInterrupted = 4;
    private const int ErrorAgain = 11;
    private const int ErrorNoBuffers = 105;

    [StructLayout(LayoutKind.Sequential)]
    private struct SocketAddress
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeFileHandle CreateSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int BindSocket(SafeFileHandle handle, SocketAddress* address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(SafeFileHandle handle, int level, int name, int* value, int length);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(SafeFileHandle handle, byte* data, nuint length, int flags, SocketAddress* to, int toLength);

    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    private static partial nint ReceiveFrom(SafeFileHandle handle, byte* data, nuint length, int flags, SocketAddress* from, int* fromLength);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollEntry* entries, nuint count, int milliseconds);
}
