using System.Text;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Commands.Policies;

/// <summary>What <c>policy explain</c> is asked.</summary>
internal sealed record ExplainedQuestion
{
    public required ExplainedParty Client { get; init; }

    public required ExplainedParty Server { get; init; }

    public TransportProtocol Protocol { get; init; } = TransportProtocol.Tcp;

    public required ushort Port { get; init; }

    public PeerAuthentication Authentication { get; init; } = PeerAuthentication.NotYetKnown;

    /// <summary>Null when no request is asked about.</summary>
    public string? Method { get; init; }

    public string Path { get; init; } = "/";

    /// <summary><c>Name: value</c> each.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>How strictly requests are read.</summary>
    public ConnectionLimits Limits { get; init; } = new();

    public ConnectionFacts Facts(Direction direction)
    {
        var (subject, peer) = direction == Direction.Ingress ? (Server, Client) : (Client, Server);
        return new ConnectionFacts(direction, subject.Identity, peer.Identity, Protocol, Port, Authentication)
        {
            PeerAddress = peer.Address,
            ServerPorts = Server.Workload?.Ports,
        };
    }

    /// <summary>Why the daemon refuses it before it asks what policy says; null when it asks.</summary>
    public string? FindObstacle()
    {
        foreach (var party in (ExplainedParty[])[Client, Server])
        {
            if (party.Identity.Equals(Identity.Unknown))
                return $"{party.Name} is an address of pods, and no pod among the manifests has it";
            if (party.Workload is { IsDisputed: true })
                return $"{party.Name} is refused for a fault of its manifest, or of another that claims what is its own";
        }

        return Server.Workload is { } server && !server.Offers(Protocol, Port) ? $"{Server.Name} does not offer the port" : null;
    }

    /// <summary>The request as a gate reads it; null when none is asked about, or when the gate would answer 400 unjudged.</summary>
    public AskedRequest? ReadRequest(out string fault)
    {
        fault = "";
        return Method is null ? null : AskedRequest.Read(Method, Path, Headers, Limits, out fault);
    }

    /// <param name="policies">Those in force.</param>
    /// <param name="direction">Whose side.</param>
    /// <param name="request">As <see cref="ReadRequest"/> gives it.</param>
    /// <param name="done">What the side before has done with the header fields.</param>
    public PolicyExplanation Explain(PolicySnapshot policies, Direction direction, AskedRequest? request, in HeaderActions done)
    {
        if (Method is null)
            return policies.Explain(Facts(direction));

        var host = Headers.FirstOrDefault(header => header.StartsWith("host:", StringComparison.OrdinalIgnoreCase)) is { } line
            ? line["host:".Length..].Trim()
            : "";
        var headers = Bytes(string.Concat(Headers.Select(header => $"{header}\r\n")));
        return policies.Explain(Facts(direction), new RequestFacts(Bytes(Method), request?.Target ?? Bytes(Path), Bytes(host))
        {
            HasSettledTarget = request is not null,
            Headers = done.ChangesFields ? done.Apply(headers) : headers,
        });
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
