using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>What a descriptor is ready for, or asked to be watched for (epoll_ctl(2)).</summary>
[Flags]
internal enum Readiness : uint
{
    None = 0,
    Readable = 0x001,
    Writable = 0x004,
    Error = 0x008,
    HangUp = 0x010,
    PeerEnded = 0x2000,
    EdgeTriggered = 1u << 31,
}

/// <summary>One event, laid out as the kernel writes it: packed on x86-64, naturally aligned elsewhere.</summary>
internal readonly record struct EpollEvent(Readiness Ready, ulong Token);

/// <summary>An epoll instance. Tokens are the caller's and come back with each event.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int Add = 1;
    private const int Interrupted = 4;

    // struct epoll_event is packed (12 bytes) on x86-64 only (include/uapi/linux/eventpoll.h).
    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int EventSize = IsPacked ? 12 : 16;
    private static readonly int TokenOffset = IsPacked ? 4 : 8;

    private readonly int _descriptor;
    private readonly byte[] _raw;

    internal Epoll(int capacity)
    {
        _raw = GC.AllocateArray<byte>(capacity * EventSize, pinned: true);
        _descriptor = Libc.EpollCreate(CloseOnExec);
        if (_descriptor < 0)
            throw new IOException($"epoll_create1 failed with errno {Libc.LastError}.");
    }

    internal void Watch(int descriptor, ulong token, Readiness interest)
    {
        var change = stackalloc byte[16];
        *(uint*)change = (uint)interest;
        *(ulong*)(change + TokenOffset) = token;
        if (Libc.EpollControl(_descriptor, Add, descriptor, change) != 0)
            throw new IOException($"epoll_ctl failed with errno {Libc.LastError}.");
    }

    /// <summary>Waits for events; returns how many. A negative time-out waits without limit.</summary>
    internal int Wait(Span<EpollEvent> events, int timeoutMilliseconds)
    {
        // The array is pinned and holds capacity * EventSize bytes; the count asked for never exceeds it.
        var capacity = Math.Min(events.Length, _raw.Length / EventSize);
        fixed (byte* raw = _raw)
        {
            var count = Libc.EpollWait(_descriptor, raw, capacity, timeoutMilliseconds);
            if (count < 0)
                return Libc.LastError == Interrupted ? 0 : throw new IOException($"epoll_wait failed with errno {Libc.LastError}.");
            for (var i = 0; i < count; i++)
            {
                var item = raw + (i * EventSize);
                events[i] = new EpollEvent((Readiness)(*(uint*)item), *(ulong*)(item + TokenOffset));
            }

            return count;
        }
    }

    public void Dispose() => _ = Libc.Close(_descriptor);
}
