using System.Text;
using Fuzz.Targets;

namespace Fuzz;

/// <summary>
/// Every parser that reads what others wrote. A new one: a class in <c>Targets</c> with its check, seeds and words, and
/// a line here; <c>make fuzz</c> and the tests take it from this list.
/// </summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        HttpTargets.Requests, HttpTargets.Answers, HttpTargets.Chunks, EditTargets.Edits, EditTargets.Paths,
        KernelTargets.FirstPackets, KernelTargets.Flows, KernelTargets.Netlink, KernelTargets.SavedRules,
        ManifestTargets.Policies, ManifestTargets.Patterns, PatternTargets.Meanings, ManifestTargets.Cluster, ManifestTargets.Entries,
        TextTargets.Addresses, TextTargets.SpiffeIds, TextTargets.FederatedDomains,
        SpiffeTargets.Leaves, SpiffeTargets.Bundles, SpiffeTargets.BundleDocuments, SpiffeTargets.OwnSvids, SpiffeTargets.Delegated,
        FlowTargets.Queries, FlowTargets.Filters,
        TunnelTargets.Frames, TunnelTargets.Payloads,
    ];

    public static bool Has(string name) => All.Any(target => target.Name == name);

    public static FuzzTarget Find(string name) => All.First(target => target.Name == name);

    /// <summary>Texts as bytes, one to one.</summary>
    public static byte[][] Bytes(params string[] texts) => Array.ConvertAll(texts, Encoding.Latin1.GetBytes);
}
