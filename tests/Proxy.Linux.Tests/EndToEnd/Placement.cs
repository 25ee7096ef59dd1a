namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Where the client stands as seen from the server.</summary>
public enum Placement
{
    BetweenNodes,
    OnOneNode,
}
