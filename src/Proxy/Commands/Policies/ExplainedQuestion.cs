using System.Text;
using Proxy.Policy;

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

    public ConnectionFacts Facts(Direction direction)
    {
        var (subject, peer) = direction == Direction.Ingress ? (Server, Client) : (Client, Server);
        return new ConnectionFacts(direction, subject.Identity, peer.Identity, Protocol, Port, Authentication)
        {
            PeerAddress = peer.Address,
            ServerPorts = Server.Workload?.Ports,
        };
    }

    public PolicyExplanation Explain(PolicySnapshot policies, Direction direction)
    {
        if (Method is null)
            return policies.Explain(Facts(direction));
        var host = Headers.FirstOrDefault(header => header.StartsWith("host:", StringComparison.OrdinalIgnoreCase)) is { } line
            ? line["host:".Length..].Trim()
            : "";
        var headers = string.Concat(Headers.Select(header => $"{header}\r\n"));
        return policies.Explain(Facts(direction), new RequestFacts(Bytes(Method), Bytes(Path), Bytes(host)) { Headers = Bytes(headers) });
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
