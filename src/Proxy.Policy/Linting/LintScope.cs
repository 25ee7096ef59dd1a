using Proxy.Policy.Labels;

namespace Proxy.Policy.Linting;

/// <summary>The cluster that policies are looked at in.</summary>
public sealed record LintScope
{
    /// <summary>Of its workloads, each once.</summary>
    public IReadOnlyList<Identity> Identities { get; init; } = [];

    /// <summary>The SPIFFE ID that a workload of an identity proves; null when it proves none.</summary>
    public Func<Identity, string?> IdOf { get; init; } = _ => null;

    /// <summary>Where pods have their addresses.</summary>
    public IReadOnlyList<Cidr> PodCidrs { get; init; } = [];
}
