using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>A pod or a machine on its way to become a workload.</summary>
internal abstract class WorkloadCandidate(ManifestPlace place, string title, Identity identity, string uid, NamespaceDocument? @namespace)
{
    protected static readonly IReadOnlyDictionary<string, string> NoLabels = FrozenDictionary<string, string>.Empty;

    public ManifestPlace Place => place;

    public string Title { get; } = $"{title} ({place.File}:{place.Line})";

    public Identity Identity => identity;

    public string Uid { get; set; } = uid;

    /// <summary>Null when there is no manifest of it.</summary>
    protected NamespaceDocument? Namespace => @namespace;

    /// <summary>Its identity lacks labels that it may have.</summary>
    public bool HasUnknownLabels => HasIdentity && Namespace is { HasUnknownLabels: true };

    /// <summary>Another claims one of its addresses, or its identity's number; or who it is cannot be said.</summary>
    public bool IsDisputed { get; set; }

    /// <summary>Whether its identity is looked at by policy.</summary>
    public virtual bool HasIdentity => true;

    /// <summary>Read but not to be believed.</summary>
    public abstract bool IsClosed { get; }

    /// <summary>What nobody else has, unless it is written for another.</summary>
    public abstract string DerivedUid { get; }

    /// <summary>The addresses that are its own.</summary>
    public abstract IReadOnlyList<Address> Claims { get; }

    public abstract Workload ToWorkload();
}
