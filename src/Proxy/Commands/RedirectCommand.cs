using System.CommandLine;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy.Commands;

/// <summary>node-proxy redirect: the capture rules of a pod's namespace by hand. The daemon makes them by itself.</summary>
internal static class RedirectCommand
{
    public static Command Create() => new("redirect", "Capture rules of a pod's network namespace, by hand; the daemon does the same by itself.")
    {
        Verb("apply", "Make the rules, or make them right. Without a running node-proxy the pod is then unreachable.", Apply),
        Verb("remove", "Remove what node-proxy made in the namespace, and nothing else.", Remove),
        Verb("show", "Show rules with counters, allow sets and routes; exit code 1 if something is missing.", Show),
    };

    private static Command Verb(string name, string description, Action<Request> run)
    {
        var target = new Argument<string>("NETNS") { Description = "Name of a network namespace below /run/netns, or an absolute path (/proc/PID/ns/net)." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the commands instead of running them (env NODE_PROXY_DRY_RUN, default false).", DefaultValueFactory = _ => IsSet("NODE_PROXY_DRY_RUN") };
        var options = new RedirectOptions();
        var command = new Command(name, description) { target };
        if (name != "show")
            command.Add(dryRun);
        options.AddTo(command);
        command.SetAction(result => Run(run, () => new Request(
            result.GetValue(target)!, name != "show" && result.GetValue(dryRun), options.Read(result), result.InvocationConfiguration.Output),
            result.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(Action<Request> run, Func<Request> read, TextWriter errors)
    {
        try
        {
            run(read());
            return 0;
        }
        catch (ArgumentException e)
        {
            errors.WriteLine(e.Message);
            return 2;
        }
        catch (Exception e) when (e is IOException or CaptureException)
        {
            errors.WriteLine(e.Message);
            return 1;
        }
    }

    private static void Apply(Request request)
    {
        using var pod = NetworkNamespace.Open(request.Namespace);
        if (request.IsDryRun)
            request.Output.Write(request.Rules.DryRunApply(pod));
        else
            Tell(request, request.Rules.Apply(pod));
    }

    private static void Remove(Request request)
    {
        using var pod = NetworkNamespace.Open(request.Namespace);
        if (request.IsDryRun)
            request.Output.Write(request.Rules.DryRunRemove(pod));
        else
            request.Rules.Remove(pod);
    }

    private static void Show(Request request)
    {
        using var pod = NetworkNamespace.Open(request.Namespace);
        request.Output.Write(request.Rules.Show(pod));
        if (request.Rules.Verify(pod).Count > 0)
            throw new CaptureException($"capture does not stand in network namespace {request.Namespace}");
    }

    private static void Tell(Request request, IReadOnlyList<string> foreign)
    {
        foreach (var line in foreign)
            request.Output.WriteLine($"of others, left alone: {line}");
    }

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is "1" or "true";

    private sealed record Request(string Namespace, bool IsDryRun, CaptureOptions Options, TextWriter Output)
    {
        public CaptureRules Rules { get; } = new(Options, ToolsFor(Options));

        private static CaptureTools ToolsFor(CaptureOptions options)
        {
            var means = CaptureRequirements.Check(options, ToolPath.OfProcess);
            return means.Tools ?? throw new CaptureException(means.Fault);
        }
    }
}
