namespace Proxy.Policy.Tests.Reference;

/// <summary>One connection and one request on it.</summary>
internal sealed record Question(
    Direction Direction,
    Workload Subject,
    Workload Peer,
    TransportProtocol Protocol,
    ushort Port,
    PeerAuthentication Authentication,
    Request Request)
{
    /// <summary>Cilium §6: named ports are the server's.</summary>
    public Workload Server => Direction == Direction.Ingress ? Subject : Peer;

    public override string ToString() =>
        $"{Direction} of {Subject}\n  peer {Peer}\n  {Protocol} {Port}, {Authentication}\n  {Request}";
}

internal sealed record Request(string Method, string Target, string Host, IReadOnlyList<(string Name, string Value)> Headers)
{
    public static Request Get { get; } = new("GET", "/", "web", []);

    public override string ToString() =>
        $"{Method} {Target} Host: {Host} {string.Join("; ", Headers.Select(header => $"{header.Name}: {header.Value}"))}";
}

internal enum Outcome
{
    NotIsolated,
    Allowed,
    DefaultDeny,
    DeniedByRule,
    DocumentRefused,
    AuthenticationRequired,
    AlwaysFails,
}

internal enum Demand
{
    None,
    Required,
    AlwaysFails,
}

internal enum Passage
{
    /// <summary>There is no connection.</summary>
    None,
    Pass,
    Refused,
}

/// <summary>What a connection and its request get.</summary>
internal sealed record Answer(Outcome Outcome, Demand Demand, bool IsGated, Passage Request)
{
    /// <summary>The rules that decided, in order of their names.</summary>
    public string Rules { get; init; } = "";

    /// <summary>What happens to the request's header fields, in order of the words.</summary>
    public string Actions { get; init; } = "";

    /// <summary>The connection passes, and would be refused if documents under audit were enforced.</summary>
    public bool IsConnectionAudited { get; init; }

    /// <summary>The request passes, and would be refused if documents under audit were enforced.</summary>
    public bool IsRequestAudited { get; init; }

    public bool Passes => Outcome is Outcome.NotIsolated or Outcome.Allowed;
}
