using System.Text;
using System.Text.RegularExpressions;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>
/// Guesses what a file would have guarded that is not YAML and never was: a closed policy for every namespace that a
/// document with a policy's kind names (for all of them, if it is of the cluster), enrolment for every namespace that it seems to define,
/// and the addresses of what seems to be an `ExternalWorkload`.
/// </summary>
internal static partial class BrokenFile
{
    public static IReadOnlyList<object> Close(string file, ReadOnlySpan<byte> content)
    {
        var closed = new Dictionary<(Type, string), object>();
        var line = 1;
        foreach (var chunk in Separator().Split(Encoding.UTF8.GetString(content)))
        {
            foreach (var name in NamespacesOf(chunk))
                closed.TryAdd((typeof(PolicyDocument), name), ClosedForm.OfPolicy(file, line, name, "unreadable"));
            foreach (var name in DefinedIn(chunk))
                closed.TryAdd((typeof(NamespaceDocument), name), ClosedForm.OfNamespace(name));
            if (AddressesIn(chunk) is { Count: > 0 } addresses)
                closed.TryAdd((typeof(ExternalDocument), $"{line}"), ExternalDocument.Closed(new ManifestPlace(file, line, ""), addresses));
            line += chunk.Count(c => c == '\n') + 1;
        }

        return [.. closed.Values];
    }

    /// <summary>What is closed, as a part of the file's fault; empty when nothing is.</summary>
    public static string Describe(IReadOnlyList<object> closed)
    {
        List<string> names = [.. closed.OfType<PolicyDocument>().Select(policy => policy.Namespace)];
        List<string> addresses = [.. closed.OfType<ExternalDocument>().SelectMany(external => external.Addresses).Select(address => address.ToString())];
        var pods = names.Contains("")
            ? "; until it is corrected, it closes ingress and egress of every pod of every namespace"
            : $"; until it is corrected, it closes ingress and egress of every pod of {OneLine.Of(string.Join(", ", names))}";
        return (names.Count == 0 ? "" : pods)
            + (addresses.Count == 0 ? "" : $"; until it is corrected, {OneLine.Of(string.Join(", ", addresses))} can neither be reached nor reach anybody");
    }

    private static List<Address> AddressesIn(string chunk) => ExternalKind().IsMatch(chunk)
        ? [.. ExternalAddresses.Guess(AddressWord().Matches(chunk).Select(match => match.Value)).Distinct()]
        : [];

    private static IEnumerable<string> DefinedIn(string chunk) =>
        NamespaceKind().IsMatch(chunk) ? NameKey().Matches(chunk).Select(match => match.Groups["name"].Value) : [];

    private static List<string> NamespacesOf(string chunk)
    {
        // As where the rest can be read: without a kind, what the group of its version has.
        var group = AnyKind().IsMatch(chunk) ? "" : PolicyGroup().Match(chunk).Groups["group"].Value;
        if (group.Length == 0 && !PolicyKind().IsMatch(chunk))
            return [];

        // Without a namespace: every one.
        if (ClusterKind().IsMatch(chunk))
            return [""];

        var names = NamespaceKey().Matches(chunk).Select(match => match.Groups["name"].Value).ToList();
        return names.Count > 0 ? names : [group == "cilium.io" ? "" : "default"];
    }

    [GeneratedRegex("^---.*\n", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Separator();

    [GeneratedRegex("""kind["']?\s*:\s*["']?[A-Za-z]*NetworkPolicy""", RegexOptions.NonBacktracking)]
    private static partial Regex PolicyKind();

    [GeneratedRegex("""(^|[\s{,"'])kind["']?\s*:""", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex AnyKind();

    [GeneratedRegex("""apiVersion["']?\s*:\s*["']?(?<group>cilium\.io|networking\.k8s\.io)/""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex PolicyGroup();

    [GeneratedRegex("""kind["']?\s*:\s*["']?[A-Za-z]*[Cc]lusterwide""", RegexOptions.NonBacktracking)]
    private static partial Regex ClusterKind();

    [GeneratedRegex("""kind["']?\s*:\s*["']?ExternalWorkload\b""", RegexOptions.NonBacktracking)]
    private static partial Regex ExternalKind();

    [GeneratedRegex("""[0-9A-Fa-f:]+[.:][0-9A-Fa-f:.]*[0-9A-Fa-f:]""", RegexOptions.NonBacktracking)]
    private static partial Regex AddressWord();

    [GeneratedRegex("""kind["']?\s*:\s*["']?Namespace\b""", RegexOptions.NonBacktracking)]
    private static partial Regex NamespaceKind();

    [GeneratedRegex("""(^|[\s{,"'])name["']?\s*:\s*["']?(?<name>[a-z0-9][a-z0-9.-]*)""",
        RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex NameKey();

    [GeneratedRegex("""(^|[\s{,"'])namespace["']?\s*:\s*["']?(?<name>[a-z0-9][a-z0-9.-]*)""",
        RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex NamespaceKey();
}
