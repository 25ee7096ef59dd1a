using System.Collections.Frozen;
using Proxy.Policy.Labels;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>Who gets which ID among the pods of the manifests: what the daemons expect, by the same template.</summary>
internal sealed class PodEntries(TrustDomain trustDomain, SpiffeIdTemplate template)
{
    /// <summary>One for each service account; where the ID follows labels, one for each pod.</summary>
    public IEnumerable<RegistrationEntry> Of(IReadOnlyList<RegisteredPod> pods, IEnumerable<RegisteredNamespace> namespaces, IEnumerable<Identity> identities)
    {
        var numbers = new AllottedNumbers(identities);
        var labels = namespaces.DistinctBy(@namespace => @namespace.Name, StringComparer.Ordinal)
            .ToDictionary(@namespace => @namespace.Name, @namespace => @namespace.Labels, StringComparer.Ordinal);
        return pods.Select(pod => Of(pod, labels.GetValueOrDefault(pod.Namespace, FrozenDictionary<string, string>.Empty), numbers));
    }

    private RegistrationEntry Of(RegisteredPod pod, IReadOnlyDictionary<string, string> namespaceLabels, AllottedNumbers numbers)
    {
        List<Selector> selectors = [PodFormat.Select("ns", pod.Namespace), PodFormat.Select("sa", pod.ServiceAccount)];
        // Not by its labels: whoever has these and further ones has another number.
        if (template.NamesIdentity)
            selectors.Add(PodFormat.Select("pod-name", pod.Name));
        if (template.NamesIdentity && pod.Uid.Length > 0)
            selectors.Add(PodFormat.Select("pod-uid", pod.Uid));
        var identity = numbers.Number(Identity.ForPod(pod.Namespace, pod.ServiceAccount, pod.Labels, namespaceLabels));
        return new RegistrationEntry(template.IdOf(trustDomain, pod.Namespace, pod.ServiceAccount, identity.Number), selectors);
    }
}
