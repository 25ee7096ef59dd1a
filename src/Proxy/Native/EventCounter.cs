namespace Proxy.Native;

/// <summary>An eventfd: any thread signals, one epoll loop wakes.</summary>
internal sealed unsafe class EventCounter : IDisposable
{
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;

    private readonly Lock _closing = new();
    private bool _isClosed;

    internal EventCounter()
    {
        Descriptor = Libc.EventFd(0, NonBlockingCloseOnExec);
        if (Descriptor < 0)
            throw new IOException($"eventfd failed with errno {Libc.LastError}.");
    }

    internal int Descriptor { get; }

    /// <summary>From any thread; after the end it does nothing, for the descriptor may be somebody else's by then.</summary>
    internal void Signal()
    {
        var one = 1UL;
        lock (_closing)
        {
            if (!_isClosed)
                _ = Libc.Write(Descriptor, &one, sizeof(ulong));
        }
    }

    internal void Clear()
    {
        ulong count;
        _ = Libc.Read(Descriptor, &count, sizeof(ulong));
    }

    public void Dispose()
    {
        lock (_closing)
        {
            if (!_isClosed)
                _ = Libc.Close(Descriptor);
            _isClosed = true;
        }
    }
}
