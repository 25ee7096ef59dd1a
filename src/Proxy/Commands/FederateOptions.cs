using System.CommandLine;
using System.CommandLine.Parsing;
using Proxy.Commands.Identities;
using Proxy.Spiffe;
using Proxy.Spiffe.Federation;

namespace Proxy.Commands;

/// <summary>The options of <c>run</c> that federate this node with other trust domains; docs/FEDERATION.md says what they do.</summary>
internal sealed class FederateOptions
{
    private readonly Option<string[]> _domains = CommandOptions.Texts(
        "--federate",
        "A trust domain that all workloads of this node believe, and the bundle endpoint of its keys: DOMAIN=URL, where the server is known "
        + "by Web PKI (profile https_web), or DOMAIN=URL,ID, by its SVID (https_spiffe); may be given several times.",
        "DOMAIN=URL[,ID]");

    private readonly Option<string[]> _bundles = CommandOptions.Texts(
        "--federate-bundle",
        "What an endpoint with profile https_spiffe is known by at first: the bundle of its ID's trust domain, SPIFFE's JSON, PEM or DER; may be given several times.",
        "DOMAIN=FILE");

    private readonly Option<string> _roots = CommandOptions.Text(
        "--federate-ca", "Authorities in PEM or DER that endpoints with profile https_web are known by; those of the system by default.", "", "FILE");

    private Option<string>? _own;

    internal void AddTo(Command command, Option<string> trustDomain)
    {
        _own = trustDomain;
        command.Add(_domains);
        command.Add(_bundles);
        command.Add(_roots);
        command.Validators.Add(Check);
    }

    /// <exception cref="IOException">A file cannot be read, or is not what it should be.</exception>
    internal FederationOptions Read(ParseResult arguments) => new()
    {
        Domains = ReadDomains(arguments.GetRequiredValue(_domains), out _),
        InitialBundles = [.. ReadFiles(arguments.GetRequiredValue(_bundles), out _).Select(file => BundleFile.Read("--federate-bundle", file.File, file.Domain))],
        WebRoots = arguments.GetRequiredValue(_roots) is { Length: > 0 } path ? [.. BundleFile.ReadCertificates("--federate-ca", path)] : null,
    };

    private void Check(CommandResult result)
    {
        if (FindFault(result.Effective(_domains) ?? [], result.Effective(_bundles) ?? [], result.Effective(_roots) ?? "", result.Effective(_own!) ?? "") is { } fault)
            result.AddError(fault);
    }

    private static string? FindFault(string[] federated, string[] bundles, string roots, string own)
    {
        var domains = ReadDomains(federated, out var fault);
        if (fault.Length > 0)
            return $"--federate: {fault}";
        var files = ReadFiles(bundles, out fault);
        if (fault.Length > 0)
            return $"--federate-bundle: {fault}";
        return FindFault(domains, own) ?? FindFault(domains, files, own) ?? FindFaultOfRoots(domains, roots);
    }

    private static string? FindFault(List<FederatedDomain> domains, string own)
    {
        if (domains.Any(domain => domain.TrustDomain.Name == own))
            return $"--federate: {own} is this node's own trust domain (--trust-domain), whose bundle comes from --identity and from nowhere else; name the other trust domain";
        return FindTwice(domains.Select(domain => domain.TrustDomain)) is { } twice
            ? $"--federate: {twice} is given twice, and a trust domain has one bundle; keep one endpoint"
            : null;
    }

    private static string? FindFault(List<FederatedDomain> domains, List<(TrustDomain Domain, string File)> files, string own)
    {
        if (FindTwice(files.Select(file => file.Domain)) is { } twice)
            return $"--federate-bundle: {twice} is given twice; keep one file";
        if (files.FirstOrDefault(file => file.Domain.Name == own) is { File: not null })
            return $"--federate-bundle: the bundle of {own}, this node's own trust domain, comes from --identity; leave the file out";
        if (files.FirstOrDefault(file => domains.TrueForAll(domain => domain.EndpointId?.TrustDomain != file.Domain)) is { File: not null } unused)
            return $"--federate-bundle: no --federate has a server with an ID of {unused.Domain}, so that the file would be of no use; add the server's ID, --federate DOMAIN=URL,spiffe://{unused.Domain}/PATH";
        return domains.Find(domain => domain.IsSelfServing && files.TrueForAll(file => file.Domain != domain.TrustDomain)) is { } bare
            ? $"--federate: the server of {bare.TrustDomain} proves itself by the very bundle that it serves, so that the first one must be given: --federate-bundle {bare.TrustDomain}=FILE"
            : null;
    }

    private static string? FindFaultOfRoots(List<FederatedDomain> domains, string roots) =>
        roots.Length > 0 && domains.TrueForAll(domain => domain.EndpointId is not null)
            ? "--federate-ca: no --federate has profile https_web (DOMAIN=URL without an ID), so that the file would be of no use; leave it out"
            : null;

    private static List<FederatedDomain> ReadDomains(string[] texts, out string fault)
    {
        var domains = new List<FederatedDomain>();
        fault = "";
        foreach (var text in Join(texts))
        {
            if (!FederatedDomain.TryParse(text, out var domain, out fault))
                break;
            domains.Add(domain);
        }

        return domains;
    }

    // The environment separates items by commas, and one stands before an ID too.
    private static List<string> Join(string[] texts)
    {
        var joined = new List<string>();
        foreach (var text in texts)
        {
            if (joined.Count > 0 && text.StartsWith("spiffe://", StringComparison.Ordinal))
                joined[^1] += $",{text}";
            else
                joined.Add(text);
        }

        return joined;
    }

    private static List<(TrustDomain Domain, string File)> ReadFiles(string[] texts, out string fault)
    {
        var files = new List<(TrustDomain, string)>();
        fault = "";
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=');
            var name = equals < 0 ? "" : text[..equals];
            if (TrustDomain.TryParse(name, out var domain) && domain.Name == name && equals < text.Length - 1)
                files.Add((domain, text[(equals + 1)..]));
            else
                fault = $"'{text}' is not a trust domain and a file; write DOMAIN=FILE";
        }

        return files;
    }

    private static TrustDomain? FindTwice(IEnumerable<TrustDomain> domains) =>
        domains.GroupBy(domain => domain).FirstOrDefault(group => group.Skip(1).Any())?.Key;
}
