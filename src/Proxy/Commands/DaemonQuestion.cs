using System.CommandLine;

namespace Proxy.Commands;

/// <summary>What verbs ask the node's running daemon for, over its admin server.</summary>
internal static class DaemonQuestion
{
    /// <summary>The exit code of verbs whose daemon does not answer.</summary>
    internal const int Unreachable = 3;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    internal static Option<int> CreatePort() => CommandOptions.Number("--admin-port", "Port of the daemon's admin server on 127.0.0.1.", 15020, 1, 65535);

    /// <summary>The daemon's state as JSON; null when none answers, which is told then.</summary>
    internal static async Task<string?> AskStatusAsync(int port, TextWriter errors, CancellationToken stop)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Limit };
        try
        {
            return await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/statusz"), stop);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await errors.WriteLineAsync($"No daemon answers at 127.0.0.1:{port} in this network namespace: {e.Message} Is `node-proxy run` up, and is this the node's namespace?");
            return null;
        }
    }
}
