using System.CommandLine;
using System.CommandLine.Parsing;
using Proxy.Issuer;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Commands;

/// <summary><c>node-proxy issuer</c>: the embedded issuer as a process.</summary>
internal static class IssuerCommand
{
    private const string Verb = "ISSUER";

    private static readonly Option<string> Socket = CommandOptions.Text(
        "--socket", "Unix socket to serve; its directory is made if it is missing.", "/run/node-proxy/issuer.sock", "PATH", Verb);

    private static readonly Option<string> StateDirectory = CommandOptions.Text(
        "--state-dir", "Directory with mode 0700 that keeps the authority and its key.", "/var/lib/node-proxy/issuer", "DIR", Verb);

    private static readonly Option<string> Domain = CommandOptions.Text(
        "--trust-domain", "Trust domain to sign for.", "cluster.local", "NAME", Verb);

    private static readonly Option<string> Entries = CommandOptions.Text(
        "--entries", "YAML file of registration entries; watched.", "", "FILE", Verb);

    private static readonly Option<string> Manifests = CommandOptions.Text(
        "--manifests", "Directory of Kubernetes manifests whose pods are registered; watched.", "", "DIR", Verb);

    private static readonly Option<string> SvidLifetime = CommandOptions.Text(
        "--svid-ttl", "Lifetime of an SVID, a number with s, m, h or d, at least 2s; replaced at half of it.", "1h", "TIME", Verb);

    public static Command Create()
    {
        SvidLifetime.Validators.Add(CheckLifetime);
        Domain.Validators.Add(CheckDomain);
        var command = new Command("issuer", "Issues SVIDs to the proxies of this node, over SPIRE's Delegated Identity API.")
        {
            Socket, StateDirectory, Domain, Entries, Manifests, SvidLifetime,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken stop)
    {
        try
        {
            await using var server = await IssuerServer.StartAsync(ReadOptions(arguments), TimeProvider.System, Console.WriteLine);
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception e) when (e is AuthorityStoreException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            await Console.Error.WriteLineAsync($"issuer: {e.Message}");
            return 1;
        }
    }

    private static IssuerOptions ReadOptions(ParseResult arguments) => new()
    {
        SocketPath = arguments.GetRequiredValue(Socket),
        StateDirectory = arguments.GetRequiredValue(StateDirectory),
        TrustDomain = new TrustDomain(arguments.GetRequiredValue(Domain)),
        EntriesFile = OrNull(arguments.GetRequiredValue(Entries)),
        ManifestDirectory = OrNull(arguments.GetRequiredValue(Manifests)),
        SvidLifetime = LifetimeText.TryParse(arguments.GetRequiredValue(SvidLifetime), out var lifetime) ? lifetime : default,
    };

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
