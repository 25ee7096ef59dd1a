using Proxy.Policy.Documents;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>
/// Kubernetes manifests: one entry for the namespace and service account of each Pod. Documents of other kinds are
/// not for us.
/// </summary>
internal sealed class PodFormat(TrustDomain trustDomain)
{
    public IReadOnlyList<RegistrationEntry> Read(ManifestFile file) =>
        [.. file.Documents.Where(document => document is { ApiVersion: "v1", Kind: "Pod" }).Select(ReadPod)];

    private RegistrationEntry ReadPod(ManifestDocument pod)
    {
        var @namespace = OrDefault(pod.Namespace);
        var account = OrDefault(((pod.Root["spec"] as ManifestMapping)?["serviceAccountName"] as ManifestScalar)?.Value);
        var text = $"spiffe://{trustDomain}/ns/{@namespace}/sa/{account}";
        if (!SpiffeId.TryParse(text, out var id, out var error))
            throw new RegistrationRefused(pod.Root, $"the pod's namespace and service account make no SPIFFE ID ({error})");
        return new RegistrationEntry(id, [new Selector("k8s", $"ns:{@namespace}"), new Selector("k8s", $"sa:{account}")]);
    }

    private static string OrDefault(string? name) => string.IsNullOrEmpty(name) ? "default" : name;
}
