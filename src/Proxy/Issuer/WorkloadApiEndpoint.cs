using Google.Protobuf;
using Grpc.Core;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Issuer;

/// <summary>
/// The SPIFFE Workload API: each local process gets its own identity, by what the kernel says of it. A process without a
/// registration entry gets none.
/// </summary>
internal sealed class WorkloadApiEndpoint(
    IssuerOptions options,
    RotatingAuthority authority,
    Registrations registrations,
    TimeProvider time,
    StreamLoop loop) : SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
{
    // SPIFFE Workload Endpoint, section 5.
    private const string Header = "workload.spiffe.io";

    public override async Task FetchX509SVID(
        X509SVIDRequest request, IServerStreamWriter<X509SVIDResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var caller = Caller.Attest(context);
        var held = new HeldSvids(authority, options.SvidLifetime, time);
        Task? answered = null;
        await loop.RunAsync(context, async stop =>
        {
            var (entries, replaced) = (registrations.Current, authority.Replaced);
            if (held.Update(entries.Match(caller)) | answered != replaced)
                await responseStream.WriteAsync(CreateResponse(held), stop);
            answered = replaced;
            await loop.WaitAsync(held.UntilRotation, stop, entries.Replaced, replaced);
        });
    }

    public override async Task FetchX509Bundles(
        X509BundlesRequest request, IServerStreamWriter<X509BundlesResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var caller = Caller.Attest(context);
        Task? answered = null;
        await loop.RunAsync(context, async stop =>
        {
            var (entries, replaced) = (registrations.Current, authority.Replaced);
            if (!entries.Match(caller).Any())
                throw NoIdentity();
            if (answered != replaced)
                await responseStream.WriteAsync(new X509BundlesResponse { Bundles = { [authority.TrustDomain.Id.ToString()] = ApiBytes.Of(authority.Bundle) } }, stop);
            answered = replaced;
            await Task.WhenAny(entries.Replaced, replaced).WaitAsync(stop);
        });
    }

    private X509SVIDResponse CreateResponse(HeldSvids held)
    {
        if (held.Svids.Count == 0)
            throw NoIdentity();
        var bundle = ApiBytes.Of(authority.Bundle);
        var response = new X509SVIDResponse();
        response.Svids.AddRange(held.Svids.Select(svid => new X509SVID
        {
            SpiffeId = svid.Id.ToString(),
            X509Svid = ByteString.CopyFrom(svid.Certificate.Span),
            X509SvidKey = ByteString.CopyFrom(svid.PrivateKey.Span),
            Bundle = bundle,
        }));
        return response;
    }

    private static RpcException NoIdentity() => new(new Status(StatusCode.PermissionDenied, "no identity issued"));
}
