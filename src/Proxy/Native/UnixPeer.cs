using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>Who is at the other end of a Unix socket, by the kernel's word.</summary>
internal static partial class UnixPeer
{
    private const int SolSocket = 1;
    private const int SoPeerCredentials = 17;

    /// <summary>The user ID that this process acts with.</summary>
    public static uint OwnUserId => GetEffectiveUserId();

    /// <summary>The user ID that the peer had when it connected.</summary>
    public static uint GetUserId(Socket socket)
    {
        Span<uint> credentials = stackalloc uint[3]; // struct ucred: pid, uid, gid
        var length = socket.GetRawSocketOption(SolSocket, SoPeerCredentials, MemoryMarshal.AsBytes(credentials));
        return length == 3 * sizeof(uint)
            ? credentials[1]
            : throw new SocketException((int)SocketError.ProtocolOption);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
