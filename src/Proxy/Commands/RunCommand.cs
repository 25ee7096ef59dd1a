using System.CommandLine;
using System.CommandLine.Parsing;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Telemetry;
using Proxy.Tls;

namespace Proxy.Commands;

/// <summary><c>node-proxy run</c>: the node's daemon.</summary>
internal static class RunCommand
{
    private const string ManifestsScheme = "manifests:";

    private static readonly Option<string> Cluster = CommandOptions.Text(
        "--cluster", "Where the cluster is read from: manifests:DIR, a directory of Kubernetes YAML, watched.", "manifests:/etc/node-proxy/manifests", "SOURCE");

    private static readonly Option<string> Node = CommandOptions.Text(
        "--node-name", "This node's name, as pods' spec.nodeName says it.", Environment.MachineName, "NAME");

    private static readonly Option<string> Domain = CommandOptions.Text(
        "--trust-domain", "Trust domain of the cluster's SPIFFE IDs.", "cluster.local", "NAME");

    private static readonly Option<string> Template = TemplateOption.Create();

    private static readonly Option<string[]> PodCidrs = CommandOptions.Texts(
        "--pod-cidr", "A range in which every address is a pod's; may be given several times. Unknown addresses in it are refused.", "CIDR");

    private static readonly Option<string> RunDirectory = CommandOptions.Text(
        "--run-dir", "Directory of the observer's socket.", "/run/node-proxy", "DIR");

    private static readonly Option<int> Workers = CommandOptions.Number(
        "--workers", "Threads that own connections.", Environment.ProcessorCount, 1, 256);

    private static readonly Option<int> AdminPort = CommandOptions.Number(
        "--admin-port", "Port of the admin server on 127.0.0.1.", 15020, 1, 65535);

    private static readonly Option<int> RuleLookEvery = CommandOptions.Number(
        "--rule-look-every", "From one look at the rules of a captured pod to the next, in seconds; one pod after another, so longer with many.", 30, 1, 3600);

    private static readonly Option<string> Tls = CommandOptions.Text(
        "--tls", $"Who speaks TLS: libssl, the system's OpenSSL 3 at first hand, or sslstream, .NET's stream over it. Without a word {TlsEngines.Preferred.Text()}.", "", "ENGINE");

    private static readonly Option<string> LogFormat = CommandOptions.Text("--log-format", "text or json.", "text", "FORMAT");

    private static readonly Option<string> LogLevel = CommandOptions.Text("--log-level", "debug, info, warning or error.", "info", "LEVEL");

    private static readonly IdentitySourceOptions Identity = new();

    private static readonly FederateOptions Federation = new();

    private static readonly LimitOptions Limits = new();

    private static readonly PathOptions Paths = new();

    private static readonly RedirectOptions Redirection = new();

    internal static Command Create()
    {
        var command = new Command("run", "Runs this node's daemon.")
        {
            Cluster, Node, Domain, Template, PodCidrs, RunDirectory, Workers, AdminPort, RuleLookEvery, Tls, LogFormat, LogLevel,
        };
        Identity.AddTo(command);
        Federation.AddTo(command, Domain);
        Limits.AddTo(command);
        Paths.AddTo(command);
        Redirection.AddTo(command);
        Cluster.Validators.Add(result => RequireScheme(result, ManifestsScheme, "manifests:DIR"));
        Domain.Validators.Add(CheckDomain);
        PodCidrs.Validators.Add(CheckCidrs);
        Tls.Validators.Add(CheckTls);
        LogFormat.Validators.Add(result => RequireOneOf(result, "text", "json"));
        LogLevel.Validators.Add(result => RequireOneOf(result, "debug", "info", "warning", "error"));
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken stop)
    {
        var log = Log.ToStandardError(
            Enum.Parse<LogFormat>(arguments.GetRequiredValue(LogFormat), ignoreCase: true),
            Enum.Parse<LogLevel>(arguments.GetRequiredValue(LogLevel), ignoreCase: true),
            TimeProvider.System);
        try
        {
            RuntimeThreads.KeepCompiler();
            ProcessMemory.KeepPrivate();
            await new Daemon(ReadOptions(arguments), TimeProvider.System, log).RunAsync(stop);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            log.Error($"node-proxy cannot start: {e.Message}");
            return 1;
        }
    }

    private static ProxyOptions ReadOptions(ParseResult arguments)
    {
        var runDirectory = arguments.GetRequiredValue(RunDirectory);
        return new ProxyOptions
        {
            ManifestDirectory = arguments.GetRequiredValue(Cluster)[ManifestsScheme.Length..],
            Identity = Identity.Read(arguments, runDirectory),
            Federation = Federation.Read(arguments),
            NodeName = arguments.GetRequiredValue(Node),
            TrustDomain = arguments.GetRequiredValue(Domain),
            SpiffeIds = TemplateOption.Read(arguments, Template),
            PodCidrs = [.. arguments.GetRequiredValue(PodCidrs).Select(ParseCidr)],
            RunDirectory = runDirectory,
            Workers = arguments.GetValue(Workers),
            AdminPort = (ushort)arguments.GetValue(AdminPort),
            Tls = arguments.GetRequiredValue(Tls) is { Length: > 0 } engine ? Enum.Parse<TlsEngine>(engine, ignoreCase: true) : null,
            Capture = Redirection.Read(arguments),
            RuleLookEvery = TimeSpan.FromSeconds(arguments.GetValue(RuleLookEvery)),
            Limits = Paths.Apply(arguments, Limits.Read(arguments)),
        };
    }

    private static Cidr ParseCidr(string text) => Cidr.TryParse(text, out var cidr) ? cidr : throw new ArgumentException($"--pod-cidr: '{text}' is not a range");

    private static void CheckCidrs(OptionResult result)
    {
        foreach (var text in result.GetValueOrDefault<string[]>() ?? [])
        {
            if (!Cidr.TryParse(text, out _))
                result.AddError($"--pod-cidr: '{text}' is not a range of addresses, such as 10.0.0.0/16");
        }
    }

    private static void CheckTls(OptionResult result)
    {
        if (result.GetValueOrDefault<string>() is { Length: > 0 })
            RequireOneOf(result, "libssl", "sslstream");
    }

    private static void CheckDomain(OptionResult result)
    {
        var text = result.GetValueOrDefault<string>();
        if (!TrustDomain.TryParse(text, out var domain) || domain.Name != text)
            result.AddError($"--trust-domain: '{text}' is not the name of a trust domain");
    }

    private static void RequireScheme(OptionResult result, string scheme, string expected)
    {
        var text = result.GetValueOrDefault<string>() ?? "";
        if (!text.StartsWith(scheme, StringComparison.Ordinal) || text.Length == scheme.Length)
            result.AddError($"{result.Option.Name}: '{text}' is not supported; expected {expected}");
    }

    private static void RequireOneOf(OptionResult result, params string[] values)
    {
        var text = result.GetValueOrDefault<string>() ?? "";
        if (!values.Contains(text))
            result.AddError($"{result.Option.Name}: '{text}' is none of {string.Join(", ", values)}");
    }
}
