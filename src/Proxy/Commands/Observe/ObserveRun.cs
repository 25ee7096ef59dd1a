using Grpc.Core;
using Proxy.Telemetry;

namespace Proxy.Commands.Observe;

/// <summary>Asks the servers and prints what comes.</summary>
internal sealed class ObserveRun(ObserveOptions options, TextWriter output, TextWriter errors, TimeProvider time)
{
    public const int Fine = 0;
    public const int Fault = 1;
    public const int Unreachable = 3;

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var clients = options.Servers.Select(server => new ObserverClient(server)).ToArray();
        var sources = clients.Select(client => new FlowSource(client, options.Request, stop)).ToArray();
        try
        {
            var printer = FlowPrinter.Create(output, options);
            var merge = new FlowMerge(sources, options.Request.Follow, time);
            var exitCode = Fine;
            await merge.RunAsync(printer.Print, output.Flush, source => exitCode = Math.Max(exitCode, Report(source)));
            printer.Finish();
            output.Flush();
            return exitCode;
        }
        catch (IOException)
        {
            // Whoever read our output, as head does, has seen enough.
            return Fine;
        }
        finally
        {
            Array.ForEach(sources, source => source.Dispose());
            Array.ForEach(clients, client => client.Dispose());
        }
    }

    private int Report(FlowSource source)
    {
        switch (source.Failure)
        {
            case null:
                return Fine;
            case { StatusCode: StatusCode.Unavailable } gone:
                errors.WriteLine(TerminalText.Escape(ObserverClient.Explain(source.Server, gone)));
                return Unreachable;
            case var fault:
                errors.WriteLine(TerminalText.Escape($"{source.Server}: {fault.Status.Detail}"));
                return Fault;
        }
    }
}
