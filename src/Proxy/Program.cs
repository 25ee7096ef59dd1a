using System.CommandLine;
using Proxy.Commands;

var root = new RootCommand("Per-node mesh proxy: mutual TLS and policy for the pods of this node, without sidecars.")
{
    RunCommand.Create(),
    RedirectCommand.Create(),
    ObserveCommand.Create(),
    PolicyCommand.Create(),
    StatusCommand.Create(),
    IdentityCommand.Create(),
    IssuerCommand.Create(),
};
var arguments = root.Parse(args);
if (arguments.Errors.Count == 0)
    return await arguments.InvokeAsync();

// Usage faults have an exit code of their own, so that scripts can tell them from refusals.
foreach (var error in arguments.Errors)
    await Console.Error.WriteLineAsync(error.Message);
return 2;
