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
    internal sealed record FromDelegates(string SocketPath) : IdentityOptions
    {
        internal override string Kind => "delegated";

        internal override string Place => SocketPath;
    }

    /// <summary>A SPIFFE Broker API.</summary>
    /// <param name="Endpoint">Where it is served.</param>
    /// <param name="Server">Who its server must be.</param>
    /// <param name="WorkloadApi">Where this process learns who it is itself.</param>
    internal sealed record FromBroker(ApiEndpoint Endpoint, SpiffeIdPattern Server, ApiEndpoint WorkloadApi) : IdentityOptions
    {
        internal override string Kind => "broker";

        internal override string Place => Endpoint.Text;
    }

    /// <summary>A SPIFFE Workload API: one identity for the one workload of this host.</summary>
    /// <param name="Endpoint">Where it is served.</param>
    internal sealed record FromWorkloadApi(ApiEndpoint Endpoint) : IdentityOptions
    {
        internal override string Kind => "workload-api";

        internal override string Place => Endpoint.Text;
    }

    /// <summary>One word for the operator, as it is written on the command line.</summary>
    internal abstract string Kind { get; }

    /// <summary>Where it is asked.</summary>
    internal abstract string Place { get; }

    internal IIdentitySource CreateSource(TimeProvider time, Action<string> log) => this switch
    {
        FromDelegates delegated => new DelegatedIdentitySource(delegated.SocketPath, time, log),
        FromBroker broker => new BrokerSource(broker.Endpoint, broker.Server, broker.WorkloadApi, time, log),
        FromWorkloadApi own => new WorkloadApiSource(own.Endpoint, time, log),
        _ => throw new UnreachableException(),
    };
}
