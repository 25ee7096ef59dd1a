namespace Lab;

/// <summary>What a pod is made with.</summary>
public sealed record PodOptions
{
    public string Namespace { get; init; } = "default";

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Null: the pod's own name.</summary>
    public string? ServiceAccount { get; init; }

    public bool IsEnrolled { get; init; } = true;

    /// <summary>Annotations beside those for the mode and the namespace.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Null: the next of the node. Those of a pod that is gone, or of a machine outside the cluster.</summary>
    public (string IPv4, string IPv6)? Addresses { get; init; }

    /// <summary>Further addresses of the pod, of either family.</summary>
    public IReadOnlyList<string> MoreAddresses { get; init; } = [];

    /// <summary>Ports with names, as its container declares them; any number of them.</summary>
    public IReadOnlyList<(string Name, string Protocol, ushort Number)> Ports { get; init; } = [];

    /// <summary>False: the pod exists, and nobody has been told of it yet.</summary>
    public bool WritesManifest { get; init; } = true;

    public static PodOptions WithLabels(params (string Key, string Value)[] labels) =>
        new() { Labels = labels.ToDictionary(l => l.Key, l => l.Value) };
}
