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
internal sealed class BrokerEndpoint(IdentityStreams streams) : API.APIBase
{
    // SPIFFE Broker Endpoint.
    private const string Header = "broker.spiffe.io";
    private const string NoUid = "the pod's manifest says no uid, so the one of the reference cannot be checked";
    private const string NotEntitled = "no registration entry matches the pod";

    public override async Task SubscribeToX509SVID(
        SubscribeToX509SVIDRequest request, IServerStreamWriter<SubscribeToX509SVIDResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var reference = ReadReference(request.Reference);
        await streams.SendSvidsAsync(context, NotEntitled, entries => Find(entries, reference), (svids, stop) =>
            responseStream.WriteAsync(new SubscribeToX509SVIDResponse { Svids = { svids } }, stop));
    }

    public override async Task SubscribeToX509Bundles(
        SubscribeToX509BundlesRequest request, IServerStreamWriter<SubscribeToX509BundlesResponse> responseStream, ServerCallContext context)
    {
        ApiBytes.DemandHeader(context, Header);
        var reference = ReadReference(request.Reference);
        await streams.SendBundlesAsync(context, NotEntitled, entries => Find(entries, reference), (domain, bundle, stop) =>
            responseStream.WriteAsync(new SubscribeToX509BundlesResponse { Bundles = { [domain] = bundle } }, stop));
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

    private static IReadOnlySet<Selector> Find(RegistrationSnapshot entries, KubernetesObjectReference reference)
    {
        var (@namespace, name) = (reference.Key?.Namespace ?? "", reference.Key?.Name ?? "");
        if (entries.FindPod(reference.Uid, @namespace, name) is { } pod)
            return pod.Selectors;
        var lacksUid = name.Length > 0 && entries.FindPod("", @namespace, name) is { Uid: "" };
        throw new RpcException(new Status(StatusCode.NotFound, lacksUid ? NoUid : "no such pod"));
    }

    private static RpcException Invalid(string reason) => new(new Status(StatusCode.InvalidArgument, reason));
}
