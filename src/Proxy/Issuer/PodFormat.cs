using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>
/// Kubernetes manifests: pods, and the namespaces and numbers that count for their identities. Documents of other kinds are not for us.
/// </summary>
internal sealed class PodFormat(TrustDomain trustDomain, SpiffeIdTemplate template)
{
    private const string Attestor = "k8s";

    public RegisteredContent Read(ManifestFile file)
    {
        var pods = file.Documents.Where(document => document is { ApiVersion: "v1", Kind: "Pod" }).ToArray();
        var namespaces = file.Documents.Where(document => document is { ApiVersion: "v1", Kind: "Namespace" });
        return new RegisteredContent([], [.. pods.Select(ReadPod)])
        {
            Identities = [.. file.Documents.Where(document => AllottedNumbers.IsAllotment(document.ApiVersion, document.Kind)).Select(ReadIdentity)],
            Namespaces = [.. namespaces.Select(document => new RegisteredNamespace(document.Name, LabelsOf(document)))],
        };
    }

    private static Identity ReadIdentity(ManifestDocument document) => AllottedNumbers.Read(document, out var fault)
        ?? throw new RegistrationRefused(fault!.Line, fault.Column, fault.Path, fault.Reason);

    private RegisteredPod ReadPod(ManifestDocument pod)
    {
        RequireId(pod);
        var uid = TextOf(pod.Root["metadata"], "uid");
        var selectors = new HashSet<Selector>();
        Add(selectors, "ns", NamespaceOf(pod));
        Add(selectors, "sa", AccountOf(pod));
        Add(selectors, "pod-name", pod.Name);
        Add(selectors, "pod-uid", uid);
        Add(selectors, "node-name", TextOf(pod.Root["spec"], "nodeName"));
        var labels = LabelsOf(pod);
        foreach (var (key, value) in labels)
            Add(selectors, "pod-label", $"{key}:{value}");
        return new RegisteredPod(uid, NamespaceOf(pod), pod.Name, AccountOf(pod), labels, selectors);
    }

    private void RequireId(ManifestDocument pod)
    {
        try
        {
            template.IdOf(trustDomain, NamespaceOf(pod), AccountOf(pod), identity: 0);
        }
        catch (FormatException)
        {
            // What they are stays unsaid: it may be anything, control characters and line breaks too.
            throw new RegistrationRefused(pod.Root, "the pod's namespace and service account make no SPIFFE ID; names of Kubernetes would");
        }
    }

    // As the daemon reads them: a label without a value is an empty one.
    private static SortedDictionary<string, string> LabelsOf(ManifestDocument document)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in ((document.Root["metadata"] as ManifestMapping)?["labels"] as ManifestMapping)?.Entries ?? [])
            labels[key.Value] = value is ManifestScalar { IsNull: false } scalar ? scalar.Value : "";
        return labels;
    }

    // An empty value would say something about the pod that nobody knows.
    private static void Add(HashSet<Selector> selectors, string kind, string value)
    {
        if (value.Length > 0)
            selectors.Add(Select(kind, value));
    }

    internal static Selector Select(string kind, string value) => new(Attestor, $"{kind}:{value}");

    private static string NamespaceOf(ManifestDocument pod) => OrDefault(pod.Namespace);

    private static string AccountOf(ManifestDocument pod) => OrDefault(TextOf(pod.Root["spec"], "serviceAccountName"));

    private static string TextOf(ManifestNode? parent, string key) =>
        (parent as ManifestMapping)?[key] is ManifestScalar { IsNull: false } scalar ? scalar.Value : "";

    private static string OrDefault(string name) => name.Length == 0 ? "default" : name;
}
