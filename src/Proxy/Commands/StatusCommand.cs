using System.CommandLine;

namespace Proxy.Commands;

/// <summary><c>node-proxy status</c>: what the daemon of this node holds and does now.</summary>
internal static class StatusCommand
{
    private static readonly Option<int> Port = CommandOptions.Number("--admin-port", "Port of the daemon's admin server on 127.0.0.1.", 15020, 1, 65535);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    internal static Command Create()
    {
        var command = new Command("status", "Shows the daemon's health, identities, policies and captured pods, as JSON.") { Port };
        command.SetAction(async (arguments, stop) => await ShowAsync(arguments.GetValue(Port), stop));
        return command;
    }

    private static async Task<int> ShowAsync(int port, CancellationToken stop)
    {
        using var client = new HttpClient { Timeout = Limit };
        try
        {
            await Console.Out.WriteLineAsync(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/statusz"), stop));
            return 0;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"No daemon answers at 127.0.0.1:{port} in this network namespace: {e.Message} Is `node-proxy run` up, and is this the node's namespace?");
            return 3;
        }
    }
}
