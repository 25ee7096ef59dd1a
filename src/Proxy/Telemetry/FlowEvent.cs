using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Telemetry;

/// <summary>The Service that a client addressed.</summary>
internal readonly record struct ServiceName(string Namespace, string Name);

/// <summary>One end of a connection. <c>Workload</c> is null for what the directory does not know.</summary>
internal readonly record struct FlowEndpoint(
    Address Address, ushort Port, Workload? Workload, Identity Identity, ServiceName? Service = null);

/// <summary>
/// Something that happened on a connection, on its way into the <see cref="FlowRing"/>. It lives on the
/// stack and borrows its bytes: the ring copies what it keeps.
/// </summary>
internal readonly ref struct FlowEvent
{
    public FlowKind Kind { get; init; }

    public FlowVerdict Verdict { get; init; }

    public Direction Direction { get; init; }

    /// <summary>The client of the connection, also for responses.</summary>
    public FlowEndpoint Source { get; init; }

    /// <summary>The server of the connection, also for responses.</summary>
    public FlowEndpoint Destination { get; init; }

    /// <summary>TCP when not set.</summary>
    public TransportProtocol Transport { get; init; }

    /// <summary>From server to client. An <see cref="FlowKind.HttpResponse"/> always is.</summary>
    public bool IsReply { get; init; }

    public PolicyMatch Match { get; init; }

    /// <summary>Policy demands an authenticated peer (shown on policy verdicts only).</summary>
    public bool AuthSpire { get; init; }

    public DropReason DropReason { get; init; }

    /// <summary>Empty or null when policy alone explains the flow; else a short kebab-case word.</summary>
    public string? Reason { get; init; }

    /// <summary>The rules that decided.</summary>
    public IReadOnlyList<RuleReference>? Rules { get; init; }

    public ReadOnlySpan<byte> Method { get; init; }

    /// <summary>Request target as sent.</summary>
    public ReadOnlySpan<byte> Target { get; init; }

    public ReadOnlySpan<byte> Host { get; init; }

    /// <summary>What policy found wrong with header fields, and did about it.</summary>
    public HeaderActions HeaderActions { get; init; }

    /// <summary>HTTP/1.1 when not set.</summary>
    public string? HttpProtocol { get; init; }

    public ushort StatusCode { get; init; }

    /// <summary>From the request's head to the response's head.</summary>
    public TimeSpan Latency { get; init; }
}
