using Proxy.Policy.Labels;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>What one file registers.</summary>
/// <param name="Entries">Who gets which ID, as an entries file says; for pods <see cref="PodEntries"/> makes them.</param>
/// <param name="Pods">The pods that may be referred to; none of an entries file.</param>
internal sealed record RegisteredContent(IReadOnlyList<RegistrationEntry> Entries, IReadOnlyList<RegisteredPod> Pods)
{
    public static RegisteredContent Empty { get; } = new([], []);

    /// <summary>The namespaces that a file defines, whose labels are part of their pods' identities.</summary>
    public IReadOnlyList<RegisteredNamespace> Namespaces { get; init; } = [];

    /// <summary>The numbers that the cluster itself gave to identities.</summary>
    public IReadOnlyList<Identity> Identities { get; init; } = [];
}

/// <summary>A namespace of the manifests.</summary>
internal sealed record RegisteredNamespace(string Name, IReadOnlyDictionary<string, string> Labels);

/// <summary>A pod of the manifests, as the Broker API refers to it and as SPIRE's Kubernetes attestor describes it.</summary>
/// <param name="Uid">Empty when the manifest does not say it.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="ServiceAccount">Its service account.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Selectors">What entries may ask for.</param>
internal sealed record RegisteredPod(
    string Uid, string Namespace, string Name, string ServiceAccount, IReadOnlyDictionary<string, string> Labels, IReadOnlySet<Selector> Selectors);
