using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Raw sockets of protocols that the runtime has no name for.</summary>
internal static partial class RawSocket
{
    private const int TypeRaw = 3;
    private const int CloseOnExec = 0x80000;

    /// <summary>In the namespace of the calling thread.</summary>
    public static Socket Open(AddressFamily family, int protocol)
    {
        var handle = OpenSocket(family == AddressFamily.InterNetwork ? 2 : 10, TypeRaw | CloseOnExec, protocol);
        Assert.True(handle >= 0, $"no raw socket for protocol {protocol}: {Marshal.GetLastPInvokeErrorMessage()}");
        return new Socket(new SafeSocketHandle(handle, ownsHandle: true));
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial nint OpenSocket(int family, int type, int protocol);
}
