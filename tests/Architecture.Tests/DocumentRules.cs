using System.Text.RegularExpressions;

namespace Architecture.Tests;

/// <summary>Whether what the documentation names exists.</summary>
internal static partial class DocumentRules
{
    // Of Kubernetes and Cilium, named for people and not in the code.
    private static readonly string[] Foreign =
    [
        "ConfigMap", "CiliumIdentity", "CiliumEndpoint", "CiliumNode", "DaemonSet", "StatefulSet", "ReplicaSet",
        "AuthorizationPolicy", "ServiceAccount", "ClusterSPIFFEID", "ClusterRole", "EndpointSlice",
        "ExternalWorkload", "BenchmarkDotNet", "KubernetesClient",
    ];

    /// <summary>The names of types declared in the files.</summary>
    public static HashSet<string> DeclaredTypes(IEnumerable<SourceFile> files) =>
        [.. files.SelectMany(file => Declaration().Matches(file.Code)).Select(match => match.Groups["name"].Value)];

    /// <summary>Every identifier in the files, in strings too, where Kubernetes' kinds are.</summary>
    public static HashSet<string> Identifiers(IEnumerable<SourceFile> files) =>
        [.. files.SelectMany(file => Identifier().Matches(file.Text)).Select(match => match.Value)];

    /// <summary>Names in backticks with two humps, so that they look like a type's, that are nowhere in the code.</summary>
    public static IEnumerable<string> MissingNames(string document, IReadOnlySet<string> identifiers) =>
        TypeName().Matches(document)
            .Select(match => match.Groups["name"].Value)
            .Distinct()
            .Where(name => !identifiers.Contains(name) && !Foreign.Contains(name));

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"`(?<name>[A-Z][a-z0-9]+([A-Z][A-Za-z0-9]*)+)(\.\w+)*(<[^`]*>)?(\([^`]*\))?`")]
    private static partial Regex TypeName();
}
