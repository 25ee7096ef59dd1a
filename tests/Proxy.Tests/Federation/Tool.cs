using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Federation;

/// <summary>Programs of others.</summary>
internal static class Tool
{
    /// <summary>Runs a program to its end; gives its exit code and all that it said.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        using var limit = new CancellationTokenSource(Patience.Limit);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }

    public static Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>A port that nobody listened on just now, outside of those that the kernel gives to clients.</summary>
    public static ushort FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20000, 32000);
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
                return (ushort)port;
            }
            catch (SocketException)
            {
                // Somebody has it; there are others.
            }
        }
    }
}
