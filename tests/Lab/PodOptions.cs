namespace Lab;

/// <summary>What a pod is made with.</summary>
public sealed record PodOptions
{
    public string Namespace { get; init; } = "default";

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Null: the pod's own name.</summary>
    public string? ServiceAccount { get; init; }

    public bool IsEnrolled { get; init; } = true;

    /// <summary>False: the pod exists, and nobody has been told of it yet.</summary>
    public bool WritesManifest { get; init; } = true;

    public static PodOptions WithLabels(params (string Key, string Value)[] labels) =>
        new() { Labels = labels.ToDictionary(l => l.Key, l => l.Value) };
}
