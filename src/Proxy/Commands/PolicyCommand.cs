using System.CommandLine;
using Proxy.Cluster;
using Proxy.Commands.Policies;
using Proxy.Telemetry;

namespace Proxy.Commands;

/// <summary><c>node-proxy policy</c>: what manifests say, without a daemon.</summary>
internal static class PolicyCommand
{
    internal const string Verb = "POLICY";

    private const int UsageError = 2;

    public static Command Create() => Create(() => Console.OpenStandardInput(), () => Console.Out, Console.Error);

    public static Command Create(Func<Stream> input, Func<TextWriter> output, TextWriter errors) =>
        new("policy", "Checks and explains policy manifests, without a daemon.")
        {
            Check(input, output, errors),
            Explain(output, errors),
        };

    private static Command Check(Func<Stream> input, Func<TextWriter> output, TextWriter errors)
    {
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Manifest files, directories of them (*.yaml, *.yml, *.json, at any depth), or - for standard input.",
            Arity = ArgumentArity.OneOrMore,
        };
        var strict = new Option<bool>("--strict") { Description = "Warnings are faults too: exit code 1." };
        var form = CommandOptions.Text("--output", "How to print: text or json.", "text", "FORM", Verb);
        form.Aliases.Add("-o");
        form.AcceptOnlyFromAmong("text", "json");
        var podCidrs = CommandOptions.PodCidrs();
        var template = TemplateOption.Create(Verb);
        var command = new Command("check", "Reads manifests as the daemon would; tells every fault with file, line, path, reason and hint.")
        {
            paths, strict, form, podCidrs, template,
        };
        command.SetAction(parsed => Run(errors, () =>
        {
            var options = new ClusterOptions { PodCidrs = CommandOptions.ReadPodCidrs(parsed.GetValue(podCidrs)), SpiffeIds = TemplateOption.Read(parsed, template) };
            var findings = PolicyCheck.Of(ManifestFiles.Read(parsed.GetValue(paths)!, input), options);
            findings.Write(output(), parsed.GetValue(form)!);
            return findings.ExitCode(parsed.GetValue(strict));
        }));
        return command;
    }

    private static Command Explain(Func<TextWriter> output, TextWriter errors)
    {
        var options = new ExplainOptions();
        var command = new Command("explain", "Tells what policy says of a connection or request, and why each rule did or did not apply; exit code 1: denied.");
        options.AddTo(command);
        command.SetAction(parsed => Run(errors, () =>
        {
            var files = ManifestFiles.Read([options.Manifests(parsed)], () => Stream.Null);
            var cluster = options.Compose(parsed, files);
            return new PolicyExplain(cluster.Policies, options.Read(parsed, cluster), output()).Write() ? 0 : 1;
        }));
        return command;
    }

    private static int Run(TextWriter errors, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (UsageFault fault)
        {
            errors.WriteLine(TerminalText.Escape(fault.Message));
            return UsageError;
        }
    }
}
