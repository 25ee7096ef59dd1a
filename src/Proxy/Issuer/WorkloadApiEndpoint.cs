using Grpc.Core;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Issuer;

/// <summary>
/// The SPIFFE Workload API: each local process gets its own identity, by what the kernel says of it. A process without a
/// registration entry gets none.
/// </summary>
internal sealed class WorkloadApiEndpoint(IdentityStreams streams) : SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
{
    // SPIFFE Workload Endpoint, section 5.
    private const string Header = "workload.spiffe.io";
    private const string NoIdentity = "no identity issued";

    public override async Task FetchX509SVID(
        X509SVIDRequest request, IServerStreamWriter<X509SVIDResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var caller = Caller.Attest(context);
        await streams.SendSvidsAsync(context, NoIdentity, _ => caller, (svids, stop) => responseStream.WriteAsync(new X509SVIDResponse { Svids = { svids } }, stop));
    }

    public override async Task FetchX509Bundles(
        X509BundlesRequest request, IServerStreamWriter<X509BundlesResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var caller = Caller.Attest(context);
        await streams.SendBundlesAsync(context, NoIdentity, _ => caller, (domain, bundle, stop) =>
            responseStream.WriteAsync(new X509BundlesResponse { Bundles = { [domain] = bundle } }, stop));
    }
}
