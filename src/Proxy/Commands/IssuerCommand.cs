using System.CommandLine;
using System.CommandLine.Parsing;
using Proxy.Issuer;
using Proxy.Native;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.Streams;
using Proxy.Telemetry;

namespace Proxy.Commands;

/// <summary><c>node-proxy issuer</c>: the embedded issuer as a process.</summary>
internal static class IssuerCommand
{
    private const string Verb = "ISSUER";

    private static readonly Option<string> Socket = CommandOptions.Text(
        "--socket", "Unix socket of SPIRE's Delegated Identity API, for this user and root; its directory is made if it is missing.", "/run/node-proxy/issuer.sock", "PATH", Verb);

    private static readonly Option<string> WorkloadSocket = CommandOptions.Text(
        "--workload-api-socket", "Unix socket of the SPIFFE Workload API, for every local process; not served by default.", "", "PATH", Verb);

    private static readonly Option<string> BrokerSocket = CommandOptions.Text(
        "--broker-socket", "Unix socket of the SPIFFE Broker API, over mutual TLS, for pods of --manifests that say their uid; not served by default.", "", "PATH", Verb);

    private static readonly Option<string[]> Brokers = CommandOptions.Texts(
        "--broker-id", "SPIFFE ID of a broker that may ask; /* at its end takes all below; may be given several times.", "ID");

    private static readonly Option<int> BundlePort = CommandOptions.Number(
        "--bundle-port", "TCP port of the bundle endpoint, https://HOST:PORT/bundle with profile https_spiffe; 0: not served.", 0, 0, 65535);

    private static readonly Option<int> BundleWebPort = CommandOptions.Number(
        "--bundle-web-port", "TCP port of the bundle endpoint, https://HOST:PORT/bundle with profile https_web; 0: not served.", 0, 0, 65535);

    private static readonly Option<string> BundleCertificate = CommandOptions.Text(
        "--bundle-web-cert", "With --bundle-web-port: certificates in PEM, the server's first; read again when they change.", "", "FILE");

    private static readonly Option<string> BundleKey = CommandOptions.Text(
        "--bundle-web-key", "With --bundle-web-port: the certificate's key in PEM.", "", "FILE");

    private static readonly Option<string> StateDirectory = CommandOptions.Text(
        "--state-dir", "Directory with mode 0700 that keeps the authority and its key.", "/var/lib/node-proxy/issuer", "DIR", Verb);

    private static readonly Option<string> Domain = CommandOptions.Text(
        "--trust-domain", "Trust domain to sign for.", "cluster.local", "NAME", Verb);

    private static readonly Option<string> Template = TemplateOption.Create(Verb);

    private static readonly Option<string> Entries = CommandOptions.Text(
        "--entries", "YAML file of registration entries; watched.", "", "FILE", Verb);

    private static readonly Option<string> Manifests = CommandOptions.Text(
        "--manifests", "Directory of Kubernetes manifests whose pods are registered; watched.", "", "DIR", Verb);

    private static readonly Option<string> SvidLifetime = CommandOptions.Text(
        "--svid-ttl", "Lifetime of an SVID, a number with s, m, h or d, at least 2s; replaced at half of it.", "1h", "TIME", Verb);

    private static readonly Option<string> AuthorityLifetime = CommandOptions.Text(
        "--ca-ttl", "Lifetime of an authority, at least six times --svid-ttl; the next one signs at five sixths of it.", "3650d", "TIME", Verb);

    public static Command Create()
    {
        AuthorityLifetime.Validators.Add(CheckAuthorityLifetime);
        Brokers.Validators.Add(CheckBrokers);
        SvidLifetime.Validators.Add(CheckLifetime);
        Domain.Validators.Add(CheckDomain);
        foreach (var socket in (Option<string>[])[Socket, WorkloadSocket, BrokerSocket])
            socket.Validators.Add(CheckSocket);
        var command = new Command("issuer", "Issues SVIDs where there is no SPIRE: SPIFFE's Workload API, Broker API and bundle endpoint, SPIRE's Delegated Identity API.")
        {
            Socket, WorkloadSocket, BrokerSocket, Brokers, BundlePort, BundleWebPort, BundleCertificate, BundleKey, StateDirectory, Domain, Template, Entries, Manifests, SvidLifetime, AuthorityLifetime,
        };
        command.Validators.Add(CheckBundleWeb);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken stop)
    {
        try
        {
            ProcessMemory.KeepPrivate();
            await using var server = await IssuerServer.StartAsync(ReadOptions(arguments), TimeProvider.System, line => Console.WriteLine(TerminalText.Escape(line)));
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception e) when (e is AuthorityStoreException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            await Console.Error.WriteLineAsync($"issuer: {e.Message}");
            return 1;
        }
    }

    internal static IssuerOptions ReadOptions(ParseResult arguments) => new()
    {
        SocketPath = Path.GetFullPath(arguments.GetRequiredValue(Socket)),
        WorkloadSocketPath = FullPathOrNull(arguments.GetRequiredValue(WorkloadSocket)),
        BrokerSocketPath = FullPathOrNull(arguments.GetRequiredValue(BrokerSocket)),
        Brokers = [.. arguments.GetRequiredValue(Brokers).Select(ParseBroker)],
        BundlePort = arguments.GetValue(BundlePort) is > 0 and var port ? (ushort)port : null,
        BundleWebPort = arguments.GetValue(BundleWebPort) is > 0 and var web ? (ushort)web : null,
        BundleCertificateFile = OrNull(arguments.GetRequiredValue(BundleCertificate)),
        BundleKeyFile = OrNull(arguments.GetRequiredValue(BundleKey)),
        StateDirectory = arguments.GetRequiredValue(StateDirectory),
        TrustDomain = new TrustDomain(arguments.GetRequiredValue(Domain)),
        SpiffeIds = TemplateOption.Read(arguments, Template),
        EntriesFile = OrNull(arguments.GetRequiredValue(Entries)),
        ManifestDirectory = OrNull(arguments.GetRequiredValue(Manifests)),
        SvidLifetime = LifetimeOf(arguments.GetRequiredValue(SvidLifetime)),
        AuthorityLifetime = LifetimeOf(arguments.GetRequiredValue(AuthorityLifetime)),
    };

    private static TimeSpan LifetimeOf(string text) => LifetimeText.TryParse(text, out var lifetime) ? lifetime : default;

    private static SpiffeIdPattern ParseBroker(string text) =>
        SpiffeIdPattern.TryParse(text, out var pattern) ? pattern : throw new ArgumentException($"--broker-id: '{text}' is not a SPIFFE ID");

    private static void CheckBrokers(OptionResult result)
    {
        foreach (var text in result.GetValueOrDefault<string[]>() ?? [])
        {
            if (!SpiffeIdPattern.TryParse(text, out _))
                result.AddError($"--broker-id: '{text}' is neither a SPIFFE ID nor one with /* at its end");
        }
    }

    private static void CheckAuthorityLifetime(OptionResult result)
    {
        var text = result.GetValueOrDefault<string>();
        var least = LifetimeOf(result.GetValue(SvidLifetime) ?? "1h") * RotatingAuthority.SvidsPerAuthority;
        if (!LifetimeText.TryParse(text, out var lifetime) || lifetime < least)
            result.AddError($"--ca-ttl: '{text}' is not a time of at least six times --svid-ttl");
    }

    // Half of it would serve nothing, or not what was meant.
    private static void CheckBundleWeb(CommandResult result)
    {
        var (port, certificate, key) = (result.Effective(BundleWebPort), result.Effective(BundleCertificate) ?? "", result.Effective(BundleKey) ?? "");
        if ((port > 0) != (certificate.Length > 0) || (certificate.Length > 0) != (key.Length > 0))
            result.AddError("--bundle-web-port, --bundle-web-cert and --bundle-web-key belong together: give all three, or none");
        if (port > 0 && port == result.Effective(BundlePort))
            result.AddError($"--bundle-web-port: {port} is the port of --bundle-port; each profile needs a port of its own");
    }

    private static string? FullPathOrNull(string path) => path.Length == 0 ? null : Path.GetFullPath(path);

    private static void CheckSocket(OptionResult result)
    {
        var text = result.GetValueOrDefault<string>() ?? "";
        var isLeftOut = text.Length == 0 && result.Option != Socket;
        if (!isLeftOut && (text.Length == 0 || text.Contains("://", StringComparison.Ordinal) || !ApiEndpoint.TryParse(Path.GetFullPath(text), false, out _, out _)))
            result.AddError($"{result.Option.Name}: '{text}' is not the path of a Unix socket, which has 107 bytes at most from the root on");
    }

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private static void CheckLifetime(OptionResult result)
    {
        var text = result.GetValueOrDefault<string>();
        if (!LifetimeText.TryParse(text, out var lifetime) || lifetime < IssuerOptions.ShortestLifetime)
            result.AddError($"--svid-ttl: '{text}' is not a time of at least 2s, such as 30m or 1h");
    }

    private static void CheckDomain(OptionResult result)
    {
        var text = result.GetValueOrDefault<string>();
        if (!TrustDomain.TryParse(text, out var domain) || domain.Name != text)
            result.AddError($"--trust-domain: '{text}' is not the name of a trust domain");
    }
}
