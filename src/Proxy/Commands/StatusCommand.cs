using System.CommandLine;

namespace Proxy.Commands;

/// <summary><c>node-proxy status</c>: what the daemon of this node holds and does now.</summary>
internal static class StatusCommand
{
    private static readonly Option<int> Port = DaemonQuestion.CreatePort();

    internal static Command Create()
    {
        var command = new Command("status", "Shows the daemon's health, identities, policies and captured pods, as JSON.") { Port };
        command.SetAction(async (arguments, stop) => await ShowAsync(arguments.GetValue(Port), stop));
        return command;
    }

    private static async Task<int> ShowAsync(int port, CancellationToken stop)
    {
        if (await DaemonQuestion.AskStatusAsync(port, Console.Error, stop) is not { } status)
            return DaemonQuestion.Unreachable;
        await Console.Out.WriteLineAsync(status);
        return 0;
    }
}
