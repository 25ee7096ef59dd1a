using System.Diagnostics;
using Proxy.Spiffe;
using Proxy.Spiffe.Broker;
using Proxy.Spiffe.DelegatedIdentity;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi;

namespace Proxy;

/// <summary>Where SVIDs come from.</summary>
internal abstract record IdentityOptions
{
    private IdentityOptions()
    {
    }

    /// <summary>SPIRE's Delegated Identity API, which the embedded issuer speaks too.</summary>
    /// <param name="SocketPath">The agent's admin socket, or the issuer's.</param>
    internal sealed record Delegated(string SocketPath) : IdentityOptions;

    /// <summary>A SPIFFE Broker API.</summary>
    /// <param name="Endpoint">Where it is served.</param>
    /// <param name="Server">Who its server must be.</param>
    /// <param name="WorkloadApi">Where this process learns who it is itself.</param>
    internal sealed record Brokered(ApiEndpoint Endpoint, SpiffeIdPattern Server, ApiEndpoint WorkloadApi) : IdentityOptions;

    /// <summary>A SPIFFE Workload API: one identity for the one workload of this host.</summary>
    /// <param name="Endpoint">Where it is served.</param>
    internal sealed record Own(ApiEndpoint Endpoint) : IdentityOptions;

    internal IIdentitySource CreateSource(TimeProvider time, Action<string> log) => this switch
    {
        Delegated delegated => new DelegatedIdentitySource(delegated.SocketPath, time, log),
        Brokered broker => new BrokerSource(broker.Endpoint, broker.Server, broker.WorkloadApi, time, log),
        Own own => new WorkloadApiSource(own.Endpoint, time, log),
        _ => throw new UnreachableException(),
    };
}
