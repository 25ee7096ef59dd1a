using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Federation;

/// <summary>Whose bundles are fetched, and what their servers are known by at first.</summary>
public sealed record FederationOptions
{
    /// <summary>The trust domains, each once.</summary>
    public IReadOnlyList<FederatedDomain> Domains { get; init; } = [];

    /// <summary>
    /// What an endpoint with profile https_spiffe is known by until the bundle of its ID's trust domain has been
    /// fetched, each trust domain once. No workload believes anybody by them.
    /// </summary>
    public IReadOnlyList<TrustBundle> InitialBundles { get; init; } = [];

    /// <summary>The authorities that endpoints with profile https_web are known by; null: those of the system.</summary>
    public IReadOnlyList<X509Certificate2>? WebRoots { get; init; }
}
