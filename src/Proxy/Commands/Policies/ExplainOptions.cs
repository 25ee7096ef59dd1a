using System.CommandLine;
using System.CommandLine.Parsing;
using Proxy.Cluster;
using Proxy.Policy;

namespace Proxy.Commands.Policies;

/// <summary>The options of <c>policy explain</c>.</summary>
internal sealed class ExplainOptions
{
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP", "ICMP", "ICMPv6"];

    private readonly Option<string> _manifests = CommandOptions.Text("--manifests", "Directory of the cluster's manifests, or one file.", "", "PATH", PolicyCommand.Verb);
    private readonly Option<string> _from = new("--from") { Description = "The client: namespace/pod, an address, world, or node for the server's own node.", HelpName = "WHO", Required = true };
    private readonly Option<string> _to = new("--to") { Description = "The server: namespace/pod, an address, or world.", HelpName = "WHO", Required = true };
    private readonly Option<int> _port = new("--port") { Description = "The server's container port, 0 to 65535; of ICMP the type.", HelpName = "NUMBER", Required = true };
    private readonly Option<string> _protocol = CommandOptions.Text("--protocol", "TCP, UDP, SCTP, ICMP or ICMPv6.", "TCP", "NAME", PolicyCommand.Verb);
    private readonly Option<string> _method = new("--method") { Description = "The request's method; with --path or --header GET by default.", HelpName = "METHOD" };
    private readonly Option<string> _path = new("--path") { Description = "The request's path with its query; / by default.", HelpName = "PATH" };
    private readonly Option<string[]> _headers = new("--header") { Description = "A header of the request, 'Name: value'; may be given several times. Host is the authority.", HelpName = "HEADER" };
    private readonly Option<bool> _authenticated = new("--authenticated") { Description = "The peers have proved who they are." };
    private readonly Option<bool> _plaintext = new("--plaintext") { Description = "The peers have not proved who they are, and will not." };
    private readonly Option<string[]> _podCidrs = CommandOptions.PodCidrs();
    private readonly Option<string> _template = TemplateOption.Create(PolicyCommand.Verb);
    private readonly PathOptions _paths = new(PolicyCommand.Verb);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _manifests, _from, _to, _port, _protocol, _method, _path, _headers, _authenticated, _plaintext, _podCidrs, _template })
            command.Add(option);
        _paths.AddTo(command);
        _port.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !ushort.TryParse(token.Value, out _)))
                result.AddError("--port is not a number from 0 to 65535");
        });
        command.Validators.Add(Check);
    }

    public string Manifests(ParseResult arguments) => arguments.GetRequiredValue(_manifests);

    /// <summary>The manifests as the node of the pod that is asked about sees them: nodes differ in which addresses are their own.</summary>
    public ClusterSnapshot Compose(ParseResult arguments, IReadOnlyList<ManifestFileState> files)
    {
        var options = new ClusterOptions
        {
            PodCidrs = CommandOptions.ReadPodCidrs(arguments.GetValue(_podCidrs)),
            SpiffeIds = TemplateOption.Read(arguments, _template),
        };
        var cluster = new SnapshotComposer(options).Compose(ClusterSnapshot.Empty, files, []);
        string[] ends = [arguments.GetRequiredValue(_to), arguments.GetRequiredValue(_from)];
        var pod = ends.Select(end => ExplainedParty.FindPod(cluster, end)).FirstOrDefault(pod => pod is { IsHostNetwork: false });
        return pod is null ? cluster : new SnapshotComposer(options with { NodeName = pod.NodeName }).Compose(ClusterSnapshot.Empty, files, []);
    }

    /// <exception cref="UsageFault">A pod is not in the cluster.</exception>
    public ExplainedQuestion Read(ParseResult arguments, ClusterSnapshot cluster) => new()
    {
        Client = ExplainedParty.Read(cluster, "--from", arguments.GetRequiredValue(_from), isServer: false),
        Server = ExplainedParty.Read(cluster, "--to", arguments.GetRequiredValue(_to), isServer: true),
        Port = (ushort)arguments.GetValue(_port),
        Protocol = Enum.Parse<TransportProtocol>(arguments.GetRequiredValue(_protocol), ignoreCase: true),
        Method = arguments.GetValue(_method) ?? (HasRequest(arguments) ? "GET" : null),
        Path = arguments.GetValue(_path) ?? "/",
        Headers = arguments.GetValue(_headers) ?? [],
        Authentication = AuthenticationOf(arguments),
        Limits = _paths.Apply(arguments, new ConnectionLimits()),
    };

    // Nothing but TCP is ever upgraded to mutual TLS.
    private PeerAuthentication AuthenticationOf(ParseResult arguments)
    {
        if (arguments.GetValue(_plaintext) || !arguments.GetRequiredValue(_protocol).Equals("TCP", StringComparison.OrdinalIgnoreCase))
            return PeerAuthentication.Unauthenticated;
        return arguments.GetValue(_authenticated) ? PeerAuthentication.Authenticated : PeerAuthentication.NotYetKnown;
    }

    private bool HasRequest(ParseResult arguments) => arguments.GetValue(_path) is not null || arguments.GetValue(_headers) is { Length: > 0 };

    private void Check(CommandResult result)
    {
        if (string.IsNullOrEmpty(result.GetValue(_manifests)))
            result.AddError("--manifests is missing: the directory of the cluster's manifests");
        if (result.GetValue(_authenticated) && result.GetValue(_plaintext))
            result.AddError("--authenticated and --plaintext exclude each other");
        if (!Protocols.Contains(result.GetValue(_protocol) ?? "TCP", StringComparer.OrdinalIgnoreCase))
            result.AddError($"--protocol: '{result.GetValue(_protocol)}' is none of {string.Join(", ", Protocols)}");
        foreach (var header in result.GetValue(_headers) ?? [])
        {
            if (header.IndexOf(':') <= 0 || header.AsSpan().ContainsAnyInRange('\0', '\x1f'))
                result.AddError($"--header: '{header}' is not written 'Name: value'");
        }
    }
}
