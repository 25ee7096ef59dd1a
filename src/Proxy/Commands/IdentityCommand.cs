using System.CommandLine;
using Proxy.Commands.Identities;
using Proxy.Telemetry;

namespace Proxy.Commands;

/// <summary><c>node-proxy identity</c>: what the daemon of this node holds; who a certificate proves to be, by the rules that peers are judged with.</summary>
internal static class IdentityCommand
{
    private const int UsageError = 2;

    public static Command Create() => Create(() => Console.Out, Console.Error, TimeProvider.System);

    public static Command Create(Func<TextWriter> output, TextWriter errors, TimeProvider time)
    {
        var command = Show(output, errors);
        command.Add(Verify(output, errors, time));
        return command;
    }

    private static Command Show(Func<TextWriter> output, TextWriter errors)
    {
        var port = DaemonQuestion.CreatePort();
        var form = CommandOptions.Text("--output", "How to print: text or json.", "text", "FORM", "IDENTITY");
        form.Aliases.Add("-o");
        form.AcceptOnlyFromAmong("text", "json");
        var pods = CommandOptions.Text("--namespace", "SVIDs of pods in this namespace only.", "", "NAME", "IDENTITY");
        pods.Aliases.Add("-n");
        var name = CommandOptions.Text("--pod", "SVIDs of pods of this name only.", "", "NAME", "IDENTITY");
        var command = new Command(
            "identity", "Shows the SVIDs and bundles that the daemon holds, and how their source does; exit code 1: something is missing, expired or failing.")
        {
            port, form, pods, name,
        };
        command.SetAction(async (parsed, stop) =>
        {
            if (await DaemonQuestion.AskStatusAsync(parsed.GetValue(port), errors, stop) is not { } status)
                return DaemonQuestion.Unreachable;
            return Print(status, parsed.GetValue(form) == "json", (parsed.GetValue(pods)!, parsed.GetValue(name)!), output(), errors);
        });
        return command;
    }

    internal static int Print(string status, bool asJson, (string Namespace, string Pod) filter, TextWriter output, TextWriter errors)
    {
        if (HeldIdentities.Read(status) is not { } held)
        {
            errors.WriteLine("The daemon's answer says nothing of identities: is it of the same version?");
            return 1;
        }

        held.Narrow(filter.Namespace, filter.Pod);
        if (asJson)
            held.WriteJson(output);
        else
            held.WriteText(output);
        return held.Faults.Any() ? 1 : 0;
    }

    private static Command Verify(Func<TextWriter> output, TextWriter errors, TimeProvider time)
    {
        var file = new Argument<string>("FILE") { Description = "Certificates in PEM or DER, the leaf first, then what a peer would present after it." };
        var bundle = new Option<string>("--bundle")
        {
            Description = "The bundle of the leaf's trust domain: a SPIFFE bundle as JSON, or certificates in PEM or DER.",
            HelpName = "FILE",
            Required = true,
        };
        var domain = new Option<string>("--trust-domain")
        {
            Description = "The trust domain that the bundle is of; that of the leaf by default.",
            HelpName = "NAME",
        };
        var expected = new Option<string>("--expect") { Description = "The SPIFFE ID that it must be.", HelpName = "ID" };
        var command = new Command("verify", "Verifies a certificate against a bundle; tells the reason for a refusal; exit code 1: refused.")
        {
            file, bundle, domain, expected,
        };
        command.SetAction(parsed =>
        {
            try
            {
                var verification = new SvidVerification(parsed.GetValue(file)!, parsed.GetValue(bundle)!, parsed.GetValue(domain), parsed.GetValue(expected));
                return verification.Write(output(), time) ? 0 : 1;
            }
            catch (Exception fault) when (fault is UsageFault or IOException)
            {
                errors.WriteLine(TerminalText.Escape(fault.Message));
                return UsageError;
            }
        });
        return command;
    }
}
