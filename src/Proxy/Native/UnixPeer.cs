using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Proxy.Native;

/// <summary>Who connected to a Unix socket (struct ucred, unix(7)).</summary>
/// <param name="ProcessId">0: of another PID namespace.</param>
/// <param name="UserId">The effective user.</param>
/// <param name="GroupId">The effective group.</param>
internal readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);

/// <summary>Who is at the other end of a Unix socket, by the kernel's word.</summary>
internal static partial class UnixPeer
{
    private const int SolSocket = 1;
    private const int SoPeerCredentials = 17;

    // include/uapi/asm-generic/socket.h; since Linux 6.5.
    private const int SoPeerPidFd = 77;

    /// <summary>The user ID that this process acts with.</summary>
    public static uint OwnUserId => GetEffectiveUserId();

    /// <summary>What the peer was when it connected.</summary>
    public static PeerCredentials Read(Socket socket)
    {
        Span<uint> credentials = stackalloc uint[3]; // struct ucred: pid, uid, gid
        var length = socket.GetRawSocketOption(SolSocket, SoPeerCredentials, MemoryMarshal.AsBytes(credentials));
        return length == 3 * sizeof(uint)
            ? new PeerCredentials((int)credentials[0], credentials[1], credentials[2])
            : throw new SocketException((int)SocketError.ProtocolOption);
    }

    /// <summary>
    /// The program that the peer's process runs; null when that cannot be told for sure: the process has ended, may not be looked
    /// at, has files of its own as a container has, where any program may have any name, or the kernel does not hand out a
    /// descriptor that tells it from a later process with its number.
    /// </summary>
    public static string? ReadProgram(Socket socket)
    {
        Span<int> descriptor = stackalloc int[1];
        try
        {
            if (socket.GetRawSocketOption(SolSocket, SoPeerPidFd, MemoryMarshal.AsBytes(descriptor)) != sizeof(int))
                return null;
        }
        catch (SocketException)
        {
            return null;
        }

        using var process = new SafeFileHandle(descriptor[0], ownsHandle: true);
        var number = Read(socket).ProcessId;
        var (program, files) = (ReadLink(number, "exe"), ReadLink(number, "ns/mnt"));
        if (files is null || files != new FileInfo("/proc/self/ns/mnt").LinkTarget)
            return null;
        // Alive after the reading: the number was that process' all the time.
        return SendSignal(process, 0, 0, 0) == 0 ? program : null;
    }

    private static string? ReadLink(int processId, string name)
    {
        try
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/{name}");
            return processId > 0 ? new FileInfo(path).LinkTarget : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "pidfd_send_signal", SetLastError = true)]
    private static partial int SendSignal(SafeFileHandle process, int signal, nint info, uint flags);
}
