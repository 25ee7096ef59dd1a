using System.CommandLine;
using Proxy.Commands.Observe;
using Proxy.Telemetry;

namespace Proxy.Commands;

/// <summary><c>node-proxy observe</c>: what the daemon saw, with Hubble's flags and forms.</summary>
internal static class ObserveCommand
{
    private const int UsageError = 2;

    public static Command Create() => Create(StandardOutput.Open, Console.Error, TimeProvider.System);

    public static Command Create(Func<TextWriter> open, TextWriter errors, TimeProvider time)
    {
        var flags = new ObserveFlags();
        var command = new Command("observe", "Show flows: verdicts of policy, drops, requests and responses.");
        flags.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            try
            {
                var options = flags.Read(parsed, time.GetUtcNow());
                return await new ObserveRun(options, open(), errors, time).RunAsync(stop);
            }
            catch (UsageFault fault)
            {
                await errors.WriteLineAsync(TerminalText.Escape(fault.Message));
                return UsageError;
            }
        });
        return command;
    }
}
