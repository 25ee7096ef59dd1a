using Google.Protobuf;
using Grpc.Core;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Issuing;
using Selector = Proxy.Spiffe.Issuing.Selector;

namespace Proxy.Issuer;

/// <summary>SPIRE's Delegated Identity API, served by the embedded issuer to its own user and to root.</summary>
internal sealed class DelegatedIdentityEndpoint(
    IssuerOptions options,
    RotatingAuthority authority,
    Registrations registrations,
    TimeProvider time,
    StreamLoop loop) : DelegatedIdentity.DelegatedIdentityBase
{
    public override async Task SubscribeToX509SVIDs(
        SubscribeToX509SVIDsRequest request,
        IServerStreamWriter<SubscribeToX509SVIDsResponse> responseStream,
        ServerCallContext context)
    {
        Caller.Demand(context);
        var known = ReadSelectors(request);
        var held = new HeldSvids(authority, options.SvidLifetime, time);
        await loop.RunAsync(context, async stop =>
        {
            var entries = registrations.Current;
            if (held.Update(entries.Match(known)))
                await responseStream.WriteAsync(CreateResponse(held), stop);
            await loop.WaitAsync(held.UntilRotation, stop, entries.Replaced);
        });
    }

    public override async Task SubscribeToX509Bundles(
        SubscribeToX509BundlesRequest request,
        IServerStreamWriter<SubscribeToX509BundlesResponse> responseStream,
        ServerCallContext context)
    {
        Caller.Demand(context);
        await loop.RunAsync(context, async stop =>
        {
            var replaced = authority.Replaced;
            var response = new SubscribeToX509BundlesResponse();
            response.CaCertificates.Add(authority.TrustDomain.Id.ToString(), ApiBytes.Of(authority.Bundle));
            await responseStream.WriteAsync(response, stop);
            await replaced.WaitAsync(stop);
        });
    }

    private static SubscribeToX509SVIDsResponse CreateResponse(HeldSvids held)
    {
        var response = new SubscribeToX509SVIDsResponse();
        response.X509Svids.AddRange(held.Svids.Select(CreateMessage));
        return response;
    }

    private static X509SVIDWithKey CreateMessage(IssuedSvid svid) => new()
    {
        X509Svid = new X509SVID
        {
            Id = new SPIFFEID { TrustDomain = svid.Id.TrustDomain.Name, Path = svid.Id.Path },
            ExpiresAt = svid.ExpiresAt.ToUnixTimeSeconds(),
            CertChain = { ByteString.CopyFrom(svid.Certificate.Span) },
        },
        X509SvidKey = ByteString.CopyFrom(svid.PrivateKey.Span),
    };

    private static HashSet<Selector> ReadSelectors(SubscribeToX509SVIDsRequest request)
    {
        if (request.Selectors.Count > 0 == (request.Pid != 0))
            throw Invalid("must provide either selectors or non-zero PID, but not both");
        if (request.Pid != 0)
            throw new RpcException(new Status(StatusCode.Unimplemented, "this issuer attests no processes: ask with selectors"));
        if (request.Selectors.Any(s => s.Type.Length == 0 || s.Value.Length == 0 || s.Type.Contains(':', StringComparison.Ordinal)))
            throw Invalid("could not parse provided selectors");
        return [.. request.Selectors.Select(selector => new Selector(selector.Type, selector.Value))];
    }

    private static RpcException Invalid(string reason) => new(new Status(StatusCode.InvalidArgument, reason));
}
