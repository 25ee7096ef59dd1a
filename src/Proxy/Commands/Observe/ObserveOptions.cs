using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>A command line of <c>observe</c>, understood.</summary>
internal sealed record ObserveOptions
{
    public required IReadOnlyList<string> Servers { get; init; }

    public required GetFlowsRequest Request { get; init; }

    public string Output { get; init; } = "compact";

    public string TimeFormat { get; init; } = ObserveTime.DefaultFormat;

    public bool PrintsNodeName { get; init; }

    public bool PrintsPolicyNames { get; init; }

    /// <summary>Names instead of addresses, where they are known.</summary>
    public bool Translates { get; init; } = true;
}
