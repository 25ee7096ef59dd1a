using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Proxy.Native;

/// <summary>A network namespace held open, in which the current thread may work for a while.</summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const string NamedDirectory = "/run/netns";
    private const string OfCurrentThread = "/proc/thread-self/ns/net";

    private readonly SafeFileHandle handle;

    private NetworkNamespace(string name, SafeFileHandle handle, ulong inode)
    {
        Name = name;
        this.handle = handle;
        Inode = inode;
    }

    /// <summary>What it was opened as: a name below /run/netns, or a path.</summary>
    public string Name { get; }

    /// <summary>Identifies the namespace: the kernel does not reuse the number while the namespace is held open.</summary>
    public ulong Inode { get; }

    /// <summary>Opens a namespace by its name below /run/netns or by an absolute path.</summary>
    /// <exception cref="IOException">There is none at the path, or what is there is not a network namespace.</exception>
    public static NetworkNamespace Open(string nameOrPath) => OpenPath(nameOrPath, PathOf(nameOrPath));

    /// <summary>Whether there is anything at the name or path; needs no descriptor.</summary>
    public static bool HasName(string nameOrPath) => File.Exists(PathOf(nameOrPath));

    /// <summary>The namespace the calling thread is in.</summary>
    public static NetworkNamespace Current() => OpenPath(OfCurrentThread, OfCurrentThread);

    /// <summary>A new namespace without a name, that lives until it is disposed.</summary>
    /// <exception cref="IOException">The kernel refuses to make one.</exception>
    public static NetworkNamespace CreateTransient()
    {
        NetworkNamespace? created = null;
        var error = 0;
        // On a thread of its own, which ends in the new namespace instead of having to come back.
        var thread = new Thread(() => error = TryEnterNew(out created));
        thread.Start();
        thread.Join();
        return created ?? throw new IOException($"cannot make a network namespace: {Describe(error)}");
    }

    // An exception would end the process: nobody but the thread's caller could catch it.
    private static int TryEnterNew(out NetworkNamespace? created)
    {
        created = null;
        if (Unshare(CloneNewNet) != 0)
            return Marshal.GetLastPInvokeError();
        try
        {
            created = Current();
            return 0;
        }
        catch (IOException)
        {
            return Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>
    /// Moves the calling thread into the namespace until the scope is disposed. No await in between: the scope
    /// belongs to the thread, and threads and processes started inside inherit the namespace.
    /// </summary>
    public Scope Enter()
    {
        var previous = OpenHandle(OfCurrentThread);
        try
        {
            Join();
            return new Scope(previous, ownsPrevious: true);
        }
        catch (IOException)
        {
            previous.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Enter()"/>, for a thread that is known to be at home: two system calls in all.</summary>
    public Scope EnterFrom(NetworkNamespace home)
    {
        Join();
        return new Scope(home.handle, ownsPrevious: false);
    }

    private void Join()
    {
        if (SetNamespace(handle, CloneNewNet) != 0)
            throw new IOException($"cannot enter network namespace {Name}: {Describe(Marshal.GetLastPInvokeError())} (needs CAP_SYS_ADMIN)");
    }

    public void Dispose() => handle.Dispose();

    public override string ToString() => Name;

    private static string PathOf(string nameOrPath) => nameOrPath.StartsWith('/') ? nameOrPath : NamedPath(nameOrPath);

    private static string NamedPath(string name) =>
        name.Length == 0 || name is "." or ".." || name.Contains('/')
            ? throw new IOException($"'{name}' is neither the name of a network namespace nor an absolute path")
            : $"{NamedDirectory}/{name}";

    private static NetworkNamespace OpenPath(string name, string path)
    {
        var handle = OpenHandle(path);
        if (TryReadInode(handle, out var inode))
            return new NetworkNamespace(name, handle, inode);

        handle.Dispose();
        throw new IOException($"{path} is not a network namespace");
    }

    private static SafeFileHandle OpenHandle(string path)
    {
        // Non-blocking, because a path that names a FIFO must not hold the thread.
        var handle = OpenFile(path, ReadOnly | NonBlocking | CloseOnExec);
        if (!handle.IsInvalid)
            return handle;

        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw new IOException($"cannot open network namespace {path}: {Describe(error)}");
    }

    private static bool TryReadInode(SafeFileHandle handle, out ulong inode)
    {
        inode = 0;
        if (Control(handle, GetNamespaceKind) != CloneNewNet)
            return false;

        Span<byte> status = stackalloc byte[StatusLength];
        if (ReadStatus(handle, "", EmptyPath, WantInode, status) != 0)
            return false;
        inode = MemoryMarshal.Read<ulong>(status[InodeOffset..]);
        return true;
    }

    private static string Describe(int error) => new Win32Exception(error).Message;

    /// <summary>The time a thread spends in another namespace.</summary>
    internal readonly ref struct Scope(SafeFileHandle previous, bool ownsPrevious)
    {
        /// <summary>Takes the thread back. A thread left in a foreign namespace would act for the wrong pod: the process ends.</summary>
        public void Dispose()
        {
            if (SetNamespace(previous, CloneNewNet) != 0)
                Environment.FailFast($"cannot leave a network namespace: {Describe(Marshal.GetLastPInvokeError())}");
            if (ownsPrevious)
                previous.Dispose();
        }
    }

    private const int ReadOnly = 0;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int CloneNewNet = 0x40000000;
    private const nuint GetNamespaceKind = 0xb703; // NS_GET_NSTYPE
    private const int EmptyPath = 0x1000;
    private const uint WantInode = 0x100;
    private const int StatusLength = 256; // struct statx, the same on every architecture
    private const int InodeOffset = 32;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle handle, int kind);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle handle, nuint request);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ReadStatus(SafeFileHandle handle, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int kind);
}
