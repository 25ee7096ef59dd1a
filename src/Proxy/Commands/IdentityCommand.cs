using System.CommandLine;
using Proxy.Commands.Identities;
using Proxy.Telemetry;

namespace Proxy.Commands;

/// <summary><c>node-proxy identity</c>: who a certificate proves to be, by the rules that peers are judged with.</summary>
internal static class IdentityCommand
{
    private const int UsageError = 2;

    public static Command Create() => Create(() => Console.Out, Console.Error, TimeProvider.System);

    public static Command Create(Func<TextWriter> output, TextWriter errors, TimeProvider time) =>
        new("identity", "Looks at SVIDs, as peers are judged.")
        {
            Verify(output, errors, time),
        };

    private static Command Verify(Func<TextWriter> output, TextWriter errors, TimeProvider time)
    {
        var file = new Argument<string>("FILE") { Description = "Certificates in PEM, the leaf first, then what a peer would present after it." };
        var bundle = new Option<string>("--bundle")
        {
            Description = "The bundle of the leaf's trust domain: a SPIFFE bundle as JSON, or certificates in PEM.",
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
            catch (UsageFault fault)
            {
                errors.WriteLine(TerminalText.Escape(fault.Message));
                return UsageError;
            }
        });
        return command;
    }
}
