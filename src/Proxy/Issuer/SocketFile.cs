using System.Net.Sockets;
using System.Text;

namespace Proxy.Issuer;

/// <summary>The file of a Unix socket: made free before listening, private after.</summary>
internal static class SocketFile
{
    private const int LongestPath = 107; // sockaddr_un, without the final NUL

    /// <summary>Makes the parent directory, and removes a socket that nobody listens on any more.</summary>
    /// <exception cref="IOException">Somebody listens on it, or it is another kind of file.</exception>
    public static async Task ClearAsync(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > LongestPath)
            throw new IOException($"{path} is too long for a Unix socket, which takes {LongestPath} bytes; choose another --socket");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (!File.Exists(path))
            return;
        if (await IsServedAsync(path))
            throw new IOException($"{path} is served by another process; end it, or choose another --socket");
        if (IsOrdinaryFile(path))
            throw new IOException($"{path} is not a socket; remove it, or choose another --socket");
        File.Delete(path);
    }

    public static void RestrictToOwner(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("The mode of the socket protects the keys; Windows has none.");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static async Task<bool> IsServedAsync(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // A socket cannot be opened as a file; the kernel refuses.
    private static bool IsOrdinaryFile(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
