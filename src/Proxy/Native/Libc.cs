using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>The system calls the engine makes. Numbers and names are those of Linux (man 2, x86-64 and arm64 alike).</summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "epoll_create1")]
    internal static partial int EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl")]
    internal static partial int EpollControl(int epoll, int operation, int descriptor, void* change);

    [LibraryImport(Library, EntryPoint = "epoll_wait")]
    internal static partial int EpollWait(int epoll, void* events, int capacity, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd")]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "read")]
    internal static partial nint Read(int descriptor, void* buffer, nint count);

    [LibraryImport(Library, EntryPoint = "write")]
    internal static partial nint Write(int descriptor, void* buffer, nint count);

    [LibraryImport(Library, EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "socket")]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind")]
    internal static partial int Bind(int descriptor, void* address, int length);

    [LibraryImport(Library, EntryPoint = "listen")]
    internal static partial int Listen(int descriptor, int backlog);

    [LibraryImport(Library, EntryPoint = "accept4")]
    internal static partial int Accept(int descriptor, void* address, int* length, int flags);

    [LibraryImport(Library, EntryPoint = "connect")]
    internal static partial int Connect(int descriptor, void* address, int length);

    [LibraryImport(Library, EntryPoint = "shutdown")]
    internal static partial int Shutdown(int descriptor, int how);

    [LibraryImport(Library, EntryPoint = "recv")]
    internal static partial nint Receive(int descriptor, void* buffer, nint count, int flags);

    [LibraryImport(Library, EntryPoint = "send")]
    internal static partial nint Send(int descriptor, void* buffer, nint count, int flags);

    [LibraryImport(Library, EntryPoint = "getsockname")]
    internal static partial int GetSocketName(int descriptor, void* address, int* length);

    [LibraryImport(Library, EntryPoint = "setsockopt")]
    internal static partial int SetSocketOption(int descriptor, int level, int name, void* value, int length);

    [LibraryImport(Library, EntryPoint = "getsockopt")]
    internal static partial int GetSocketOption(int descriptor, int level, int name, void* value, int* length);

    /// <summary>errno of the last call on this thread; read it before anything else is called.</summary>
    internal static int LastError => Marshal.GetLastSystemError();
}
