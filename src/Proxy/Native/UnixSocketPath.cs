using System.Net.Sockets;

namespace Proxy.Native;

/// <summary>Makes a path free for a Unix socket, without taking it from a live server or removing another's file.</summary>
internal static class UnixSocketPath
{
    /// <exception cref="IOException">The path cannot be had; the message says why.</exception>
    public static async Task ClaimAsync(string path, CancellationToken cancel)
    {
        var endPoint = EndPoint(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (!File.Exists(path))
            return;
        if (IsOrdinaryFile(path))
            throw new IOException($"{path} exists and is not a socket; remove it or choose another path");
        if (await IsServedAsync(endPoint, cancel))
            throw new IOException($"{path} is served by another process; is node-proxy already running? End it or choose another path");
        File.Delete(path);
    }

    private static UnixDomainSocketEndPoint EndPoint(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new IOException($"the socket path {path} is longer than the kernel takes (107 bytes)");
        }
    }

    /// <summary>Linux refuses to open a socket as a file (ENXIO).</summary>
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

    private static async Task<bool> IsServedAsync(UnixDomainSocketEndPoint endPoint, CancellationToken cancel)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(endPoint, cancel);
            return true;
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
