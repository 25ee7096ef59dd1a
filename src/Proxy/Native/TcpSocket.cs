using Proxy.Policy;

namespace Proxy.Native;

/// <summary>An address with a port: one end of a TCP connection.</summary>
internal readonly record struct Endpoint(Address Address, ushort Port)
{
    public override string ToString() => Address.IsIPv4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}

/// <summary>Bytes moved by one call, or why none were. Zero bytes without a fault is the peer's orderly end.</summary>
internal readonly record struct Transfer(int Count, SocketFault Fault);

/// <summary>When a silent peer is asked whether it lives, how often, and how many times before it counts as gone (tcp(7)).</summary>
internal readonly record struct KeepAlive(TimeSpan Idle, TimeSpan Interval, int Probes);

/// <summary>
/// A non-blocking TCP socket as verbs. It belongs to the network namespace of the thread that made it, for ever
/// (net/socket.c, sock_create). A value type: whoever closes it must see to it that nobody uses it afterwards.
/// </summary>
internal readonly unsafe struct TcpSocket
{
    private const int FamilyV4 = 2, FamilyV6 = 10;
    private const int StreamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000;
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;
    private const int LevelSocket = 1, LevelTcp = 6, LevelIp = 0, LevelIpv6 = 41;
    private const int ReuseAddress = 2, ErrorOption = 4, KeepAliveOption = 9, Linger = 13, ReusePort = 15, Mark = 36;
    private const int NoDelay = 1, KeepIdle = 4, KeepInterval = 5, KeepCount = 6;
    private const int TransparentV4 = 19, TransparentV6 = 75;
    private const int BindAddressNoPort = 24;
    private const int LocalPortRange = 51; // IP_LOCAL_PORT_RANGE, include/uapi/linux/in.h
    private const int NoSignal = 0x4000;
    private const int More = 0x8000;
    private const int PeekOnly = 0x02;
    private const int ShutdownWrite = 1;

    private TcpSocket(int descriptor) => Descriptor = descriptor;

    internal int Descriptor { get; }

    /// <summary>Makes a socket in the current network namespace.</summary>
    internal static SocketFault TryCreate(bool ipv4, out TcpSocket socket)
    {
        var descriptor = Libc.Socket(ipv4 ? FamilyV4 : FamilyV6, StreamNonBlockingCloseOnExec, 0);
        socket = new TcpSocket(descriptor);
        return descriptor < 0 ? LastFault() : SocketFault.None;
    }

    internal SocketFault Bind(Endpoint local)
    {
        var raw = stackalloc byte[SocketAddress.MaximumLength];
        return Check(Libc.Bind(Descriptor, raw, SocketAddress.Write(local, raw)));
    }

    internal SocketFault Listen(int backlog) => Check(Libc.Listen(Descriptor, backlog));

    /// <summary>Takes one waiting connection: its socket and the client's end.</summary>
    internal SocketFault Accept(out TcpSocket accepted, out Endpoint client)
    {
        var raw = stackalloc byte[SocketAddress.MaximumLength];
        var length = SocketAddress.MaximumLength;
        var descriptor = Libc.Accept(Descriptor, raw, &length, NonBlockingCloseOnExec);
        accepted = new TcpSocket(descriptor);
        client = descriptor < 0 ? default : SocketAddress.Read(raw, length);
        return descriptor < 0 ? LastFault() : SocketFault.None;
    }

    /// <summary>Starts to connect; <see cref="SocketFault.InProgress"/> is the ordinary answer.</summary>
    internal SocketFault Connect(Endpoint remote)
    {
        var raw = stackalloc byte[SocketAddress.MaximumLength];
        return Check(Libc.Connect(Descriptor, raw, SocketAddress.Write(remote, raw)));
    }

    /// <summary>The local end; on a socket that TPROXY captured, the client's original destination.</summary>
    internal Endpoint LocalEndpoint()
    {
        var raw = stackalloc byte[SocketAddress.MaximumLength];
        var length = SocketAddress.MaximumLength;
        return Libc.GetSocketName(Descriptor, raw, &length) == 0 ? SocketAddress.Read(raw, length) : default;
    }

    internal Transfer Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var count = (int)Libc.Receive(Descriptor, start, buffer.Length, 0);
            return count >= 0 ? new Transfer(count, SocketFault.None) : new Transfer(0, LastFault());
        }
    }

    /// <summary>Looks whether there is anything to receive: <see cref="SocketFault.WouldBlock"/> when there is not, and no end.</summary>
    internal Transfer Peek()
    {
        byte one;
        var count = (int)Libc.Receive(Descriptor, &one, 1, PeekOnly);
        return count >= 0 ? new Transfer(count, SocketFault.None) : new Transfer(0, LastFault());
    }

    /// <summary>Sends; with more to come at once, the rest of a packet waits for that (send(2), MSG_MORE).</summary>
    internal Transfer Send(ReadOnlySpan<byte> buffer, bool hasMore = false)
    {
        fixed (byte* start = buffer)
        {
            var count = (int)Libc.Send(Descriptor, start, buffer.Length, hasMore ? NoSignal | More : NoSignal);
            return count >= 0 ? new Transfer(count, SocketFault.None) : new Transfer(0, LastFault());
        }
    }

    internal void EndSending() => _ = Libc.Shutdown(Descriptor, ShutdownWrite);

    /// <summary>The pending error of an asynchronous connect or of a reset, and clears it.</summary>
    internal SocketFault TakeError()
    {
        int error = 0, length = sizeof(int);
        _ = Libc.GetSocketOption(Descriptor, LevelSocket, ErrorOption, &error, &length);
        return SocketFaults.FromErrno(error);
    }

    internal void SetNoDelay() => Set(LevelTcp, NoDelay, 1);

    /// <summary>Lets a dead peer be noticed on idle connections without ending live ones.</summary>
    internal void SetKeepAlive(KeepAlive keepAlive)
    {
        Set(LevelSocket, KeepAliveOption, 1);
        Set(LevelTcp, KeepIdle, (int)keepAlive.Idle.TotalSeconds);
        Set(LevelTcp, KeepInterval, (int)keepAlive.Interval.TotalSeconds);
        Set(LevelTcp, KeepCount, keepAlive.Probes);
    }

    /// <summary>The last of the three alone.</summary>
    internal void SetKeepAliveProbes(int probes) => Set(LevelTcp, KeepCount, probes);

    /// <summary>The kernel chooses this socket's port between the two, as far as the namespace's own range allows; Linux 6.3 and newer.</summary>
    internal void SetLocalPortRange(ushort first, ushort last) => Set(LevelIp, LocalPortRange, (last << 16) | first);

    /// <summary>Binding to an address takes no port yet (ip(7), IP_BIND_ADDRESS_NO_PORT; for IPv6 as well).</summary>
    internal void SetBindAddressNoPort() => Set(LevelIp, BindAddressNoPort, 1);

    internal void SetReuseAddress() => Set(LevelSocket, ReuseAddress, 1);

    internal void SetReusePort() => Set(LevelSocket, ReusePort, 1);

    internal void SetMark(uint mark) => Require(Set(LevelSocket, Mark, (int)mark), "SO_MARK");

    /// <summary>May use addresses that are not this host's (Documentation/networking/tproxy.rst).</summary>
    internal void SetTransparent(bool ipv4) =>
        Require(ipv4 ? Set(LevelIp, TransparentV4, 1) : Set(LevelIpv6, TransparentV6, 1), "IP_TRANSPARENT");

    /// <summary>When set, closing resets the connection; when cleared, closing ends it in order.</summary>
    internal void SetAbortive(bool abortive)
    {
        var linger = stackalloc int[2];
        linger[0] = abortive ? 1 : 0;
        linger[1] = 0;
        _ = Libc.SetSocketOption(Descriptor, LevelSocket, Linger, linger, 2 * sizeof(int));
    }

    internal void Close() => _ = Libc.Close(Descriptor);

    private int Set(int level, int name, int value) => Libc.SetSocketOption(Descriptor, level, name, &value, sizeof(int));

    private static void Require(int result, string option)
    {
        if (result != 0)
            throw new IOException($"{option} was refused (errno {Libc.LastError}); node-proxy needs CAP_NET_ADMIN in the pod's network namespace.");
    }

    private static SocketFault Check(int result) => result == 0 ? SocketFault.None : LastFault();

    private static SocketFault LastFault() => SocketFaults.FromErrno(Libc.LastError);
}
