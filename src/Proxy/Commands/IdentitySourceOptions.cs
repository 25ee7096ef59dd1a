using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using Proxy.Spiffe;
using Proxy.Spiffe.Streams;

namespace Proxy.Commands;

/// <summary>The options of <c>run</c> that say where SVIDs come from.</summary>
internal sealed class IdentitySourceOptions
{
    private const string Issuer = "issuer";
    private const string Delegated = "delegated:";
    private const string Broker = "broker";
    private const string WorkloadApi = "workload-api";

    // Both are SPIFFE's (Workload Endpoint, section 4; Broker Endpoint).
    private const string WorkloadVariable = "SPIFFE_ENDPOINT_SOCKET";
    private const string BrokerVariable = "SPIFFE_BROKER_SOCKET";

    private readonly Option<string> _source = CommandOptions.Text(
        "--identity",
        "Where SVIDs come from: issuer (RUN_DIR/issuer.sock); delegated:SOCKET, SPIRE's Delegated Identity API; "
        + $"broker[:ENDPOINT], a SPIFFE Broker API (without ENDPOINT: env {BrokerVariable}); "
        + $"workload-api[:ENDPOINT], the one identity of this host (without: env {WorkloadVariable}). "
        + "An ENDPOINT is unix:///path or tcp://host:port, a SOCKET a path or unix:///path.",
        Issuer, "SOURCE");

    private readonly Option<string> _server = CommandOptions.Text(
        "--broker-id", "With --identity broker: the SPIFFE ID that the broker's server must have; /* at its end takes all below.", "", "ID");

    private readonly Option<string> _workloadApi = CommandOptions.Text(
        "--workload-api", $"With --identity broker: the Workload API that gives this process its own SVID (default: env {WorkloadVariable}).", "", "ENDPOINT");

    internal void AddTo(Command command)
    {
        command.Add(_source);
        command.Add(_server);
        command.Add(_workloadApi);
        command.Validators.Add(Check);
    }

    internal IdentityOptions Read(ParseResult arguments, string runDirectory) =>
        TryRead(arguments.GetRequiredValue(_source), arguments.GetRequiredValue(_server), arguments.GetRequiredValue(_workloadApi), runDirectory, out var options, out var error)
            ? options
            : throw new ArgumentException(error);

    private void Check(CommandResult result)
    {
        if (!TryRead(result.Effective(_source) ?? Issuer, result.Effective(_server) ?? "", result.Effective(_workloadApi) ?? "", "/", out _, out var error))
            result.AddError(error);
    }

    private static bool TryRead(
        string source, string server, string workloadApi, string runDirectory, [NotNullWhen(true)] out IdentityOptions? options, out string error)
    {
        options = null;
        error = $"--identity: '{source}' is not supported; expected issuer, delegated:SOCKET, broker[:ENDPOINT] or workload-api[:ENDPOINT]";
        if (source == Issuer)
            options = new IdentityOptions.FromDelegates(Path.Combine(runDirectory, "issuer.sock"));
        else if (source.StartsWith(Delegated, StringComparison.Ordinal) && source.Length > Delegated.Length)
            options = ReadSocket("--identity delegated", source[Delegated.Length..], out error) is { } socket ? new IdentityOptions.FromDelegates(socket) : null;
        else if (TryCut(source, WorkloadApi, WorkloadVariable, out var own))
            options = ReadEndpoint("--identity workload-api", own, allowNames: false, out error) is { } endpoint ? new IdentityOptions.FromWorkloadApi(endpoint) : null;
        else if (TryCut(source, Broker, BrokerVariable, out var broker))
            options = ReadBroker(broker, server, workloadApi, out error);
        return options is not null;
    }

    private static IdentityOptions.FromBroker? ReadBroker(string broker, string server, string workloadApi, out string error)
    {
        var own = workloadApi.Length > 0 ? workloadApi : FromEnvironment(WorkloadVariable);
        if (ReadEndpoint("--identity broker", broker, allowNames: true, out error) is not { } endpoint
            || ReadEndpoint("--workload-api", own, allowNames: false, out error) is not { } api)
            return null;

        error = server.Length == 0
            ? "--broker-id is missing: whom the workloads' keys are taken from must be known, for example spiffe://example.org/spire/agent/*"
            : $"--broker-id: '{server}' is neither a SPIFFE ID nor one with /* at its end";
        return SpiffeIdPattern.TryParse(server, out var pattern) ? new IdentityOptions.FromBroker(endpoint, pattern, api) : null;
    }

    // Only a Unix socket tells SPIRE's agent who asks.
    private static string? ReadSocket(string option, string text, out string error)
    {
        var socket = ReadEndpoint(option, text.Contains("://", StringComparison.Ordinal) ? text : Path.GetFullPath(text), allowNames: false, out error)?.SocketPath;
        if (socket is null && error.Length == 0)
            error = $"{option}: '{text}' is not a Unix socket, and the Delegated Identity API is served at one; write unix:///path/to/socket";
        return socket;
    }

    private static ApiEndpoint? ReadEndpoint(string option, string text, bool allowNames, out string error)
    {
        var isRead = ApiEndpoint.TryParse(text, allowNames, out var endpoint, out var reason);
        error = isRead ? "" : $"{option}: {reason}";
        return endpoint;
    }

    private static bool TryCut(string source, string kind, string variable, out string endpoint)
    {
        endpoint = source == kind ? FromEnvironment(variable) : source.Length > kind.Length ? source[(kind.Length + 1)..] : "";
        return source == kind || source.StartsWith(kind + ":", StringComparison.Ordinal);
    }

    private static string FromEnvironment(string variable) => Environment.GetEnvironmentVariable(variable) ?? "";
}
