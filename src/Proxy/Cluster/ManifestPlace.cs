using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Where an object was read, for faults that show only when objects are put together.</summary>
internal sealed record ManifestPlace(string File, int Line, string Title)
{
    public static ManifestPlace Of(ManifestDocument document) =>
        new(document.File, document.Root.Line, OneLine.Of($"{document.Kind} {TitleOf(document)}".Trim()));

    public ManifestFault Fault(string reason, string hint = "") => new(File, Line, 1, Title, "", reason, hint);

    private static string TitleOf(ManifestDocument document) =>
        document.Namespace.Length == 0 ? document.Name : $"{document.Namespace}/{document.Name}";
}
