using Proxy.Policy.Documents;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>
/// Kubernetes manifests: one entry for the namespace and service account of each Pod, and the pod itself. Documents of other
/// kinds are not for us.
/// </summary>
internal sealed class PodFormat(TrustDomain trustDomain)
{
    private const string Attestor = "k8s";

    public RegisteredContent Read(ManifestFile file)
    {
        var pods = file.Documents.Where(document => document is { ApiVersion: "v1", Kind: "Pod" }).ToArray();
        return new RegisteredContent([.. pods.Select(ReadEntry)], [.. pods.Select(ReadPod)]);
    }

    private RegistrationEntry ReadEntry(ManifestDocument pod)
    {
        var (@namespace, account) = (NamespaceOf(pod), AccountOf(pod));
        var text = $"spiffe://{trustDomain}/ns/{@namespace}/sa/{account}";
        if (!SpiffeId.TryParse(text, out var id, out var error))
            throw new RegistrationRefused(pod.Root, $"the pod's namespace and service account make no SPIFFE ID ({error})");
        return new RegistrationEntry(id, [Select("ns", @namespace), Select("sa", account)]);
    }

    private static RegisteredPod ReadPod(ManifestDocument pod)
    {
        var uid = TextOf(pod.Root["metadata"], "uid");
        var selectors = new HashSet<Selector>();
        Add(selectors, "ns", NamespaceOf(pod));
        Add(selectors, "sa", AccountOf(pod));
        Add(selectors, "pod-name", pod.Name);
        Add(selectors, "pod-uid", uid);
        Add(selectors, "node-name", TextOf(pod.Root["spec"], "nodeName"));
        var labels = (pod.Root["metadata"] as ManifestMapping)?["labels"] as ManifestMapping;
        foreach (var (key, value) in labels?.Entries ?? [])
            Add(selectors, "pod-label", $"{key.Value}:{(value as ManifestScalar)?.Value}");
        return new RegisteredPod(uid, NamespaceOf(pod), pod.Name, selectors);
    }

    // An empty value would say something about the pod that nobody knows.
    private static void Add(HashSet<Selector> selectors, string kind, string value)
    {
        if (value.Length > 0)
            selectors.Add(Select(kind, value));
    }

    private static Selector Select(string kind, string value) => new(Attestor, $"{kind}:{value}");

    private static string NamespaceOf(ManifestDocument pod) => OrDefault(pod.Namespace);

    private static string AccountOf(ManifestDocument pod) => OrDefault(TextOf(pod.Root["spec"], "serviceAccountName"));

    private static string TextOf(ManifestNode? parent, string key) =>
        (parent as ManifestMapping)?[key] is ManifestScalar { IsNull: false } scalar ? scalar.Value : "";

    private static string OrDefault(string name) => name.Length == 0 ? "default" : name;
}
