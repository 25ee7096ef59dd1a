using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Proxy.Spiffe.Broker.Protocol;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>
/// The SPIFFE Broker API: a proxy that has proved to be one of the brokers gets the SVIDs of the pods that it names. It is
/// served over mutual TLS only; <see cref="IssuerTls"/> has checked the caller before a call comes here.
/// </summary>
internal sealed class BrokerEndpoint(
    IssuerOptions options,
    RotatingAuthority authority,
    Registrations registrations,
    TimeProvider time,
    StreamLoop loop) : API.APIBase
{
    // SPIFFE Broker Endpoint.
    private const string Header = "broker.spiffe.io";

    public override async Task SubscribeToX509SVID(
        SubscribeToX509SVIDRequest request, IServerStreamWriter<SubscribeToX509SVIDResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var reference = ReadReference(request.Reference);
        var held = new HeldSvids(authority, options.SvidLifetime, time);
        Task? answered = null;
        await loop.RunAsync(context, async stop =>
        {
            var (entries, replaced) = (registrations.Current, authority.Replaced);
            if (held.Update(entries.Match(Find(entries, reference).Selectors)) | answered != replaced)
                await responseStream.WriteAsync(CreateResponse(held), stop);
            answered = replaced;
            await loop.WaitAsync(held.UntilRotation, stop, entries.Replaced, replaced);
        });
    }

    public override async Task SubscribeToX509Bundles(
        SubscribeToX509BundlesRequest request, IServerStreamWriter<SubscribeToX509BundlesResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var reference = ReadReference(request.Reference);
        Task? answered = null;
        await loop.RunAsync(context, async stop =>
        {
            var (entries, replaced) = (registrations.Current, authority.Replaced);
            if (!entries.Match(Find(entries, reference).Selectors).Any())
                throw NotEntitled();
            if (answered != replaced)
                await responseStream.WriteAsync(new SubscribeToX509BundlesResponse { Bundles = { [authority.TrustDomain.Id.ToString()] = ApiBytes.Of(authority.Bundle) } }, stop);
            answered = replaced;
            await Task.WhenAny(entries.Replaced, replaced).WaitAsync(stop);
        });
    }

    private static KubernetesObjectReference ReadReference(WorkloadReference? reference)
    {
        if (reference?.Reference is not { } any || !any.Is(KubernetesObjectReference.Descriptor))
            throw Invalid("a workload is referred to by a KubernetesObjectReference here");
        if (!TryUnpack(any, out var pod))
            throw Invalid("the reference cannot be read");
        if (pod.Type is not { Plural: "pods", Group: "core" })
            throw Invalid("an object of the type pods in the group core is expected");
        if (pod.Uid.Length == 0 && pod.Key is not { Name.Length: > 0 })
            throw Invalid("a reference has a key or a uid");
        return pod;
    }

    private static bool TryUnpack(Any any, out KubernetesObjectReference reference)
    {
        try
        {
            reference = any.Unpack<KubernetesObjectReference>();
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            reference = new KubernetesObjectReference();
            return false;
        }
    }

    private static RegisteredPod Find(RegistrationSnapshot entries, KubernetesObjectReference reference) =>
        entries.FindPod(reference.Uid, reference.Key?.Namespace ?? "", reference.Key?.Name ?? "")
        ?? throw new RpcException(new Status(StatusCode.NotFound, "no such pod"));

    private SubscribeToX509SVIDResponse CreateResponse(HeldSvids held)
    {
        if (held.Svids.Count == 0)
            throw NotEntitled();
        var bundle = ApiBytes.Of(authority.Bundle);
        var response = new SubscribeToX509SVIDResponse();
        response.Svids.AddRange(held.Svids.Select(svid => new X509SVID
        {
            SpiffeId = svid.Id.ToString(),
            X509Svid = ByteString.CopyFrom(svid.Certificate.Span),
            X509SvidKey = ByteString.CopyFrom(svid.PrivateKey.Span),
            Bundle = bundle,
        }));
        return response;
    }

    private static RpcException NotEntitled() => new(new Status(StatusCode.PermissionDenied, "no registration entry matches the pod"));

    private static RpcException Invalid(string reason) => new(new Status(StatusCode.InvalidArgument, reason));
}
