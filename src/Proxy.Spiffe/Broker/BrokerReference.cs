using Google.Protobuf.WellKnownTypes;
using Proxy.Spiffe.Broker.Protocol;

namespace Proxy.Spiffe.Broker;

/// <summary>A pod as the Broker API refers to it: by its object, with the UID that tells it from a successor of its name.</summary>
internal static class BrokerReference
{
    public static SubscribeToX509SVIDRequest CreateRequest(WorkloadReference workload)
    {
        var pod = new KubernetesObjectReference
        {
            Type = new KubernetesObjectType { Plural = "pods", Group = "core" },
            Key = new KubernetesObjectKey { Namespace = workload.Namespace, Name = workload.Name },
            Uid = workload.Uid,
        };
        return new SubscribeToX509SVIDRequest { Reference = new Protocol.WorkloadReference { Reference = Any.Pack(pod) } };
    }
}
