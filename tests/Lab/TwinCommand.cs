using System.Text.RegularExpressions;

namespace Lab;

/// <summary>
/// Makes and ends, in a lab that stands, a namespace that holds an enrolled pod's addresses without the pod's capture:
/// what an attacker on the node's network would be. While it stands, the pod itself is cut off.
/// </summary>
internal static partial class TwinCommand
{
    public static async Task<int> MakeAsync(string id, string pod)
    {
        var lab = Find(id);
        var (node, ip4, ip6, link) = await PlaceOfAsync(lab, pod);
        var name = NameOf(lab, pod);
        await NetworkScript.AddNamespaceAsync(name);
        await NetworkScript.AttachAsync(node, name, ip4, ip6, LinkOf(link));
        File.WriteAllText(NoteOf(lab, pod), link);
        Console.WriteLine($"ip netns exec {name} bash    # {ip4}, {ip6}: the addresses of {pod}, without capture");
        return 0;
    }

    public static async Task<int> RemoveAsync(string id, string pod)
    {
        var lab = Find(id);
        var (node, ip4, ip6, _) = await PlaceOfAsync(lab, pod);
        var link = File.ReadAllText(NoteOf(lab, pod));
        await Shell.ScriptAsync(NetworkScript.RouteTo(node, ip4, ip6, link));
        await NetworkScript.DetachAsync(node, NameOf(lab, pod), LinkOf(link));
        File.Delete(NoteOf(lab, pod));
        return 0;
    }

    private static LabDirectory Find(string id) =>
        LabDirectory.All().FirstOrDefault(lab => lab.Id == id) ?? throw new LabException($"there is no lab {id}; `lab list` shows those that are");

    /// <summary>The pod's node, addresses, and the node's link to it, from the pod's manifest and the node's routes.</summary>
    private static async Task<(NodePlace Node, string IPv4, string IPv6, string Link)> PlaceOfAsync(LabDirectory lab, string pod)
    {
        var path = Path.Combine(lab.Manifests, $"pod-default-{pod}.yaml");
        if (!File.Exists(path))
            throw new LabException($"lab {lab.Id} has no pod {pod}");
        var manifest = await File.ReadAllTextAsync(path);
        var node = lab.NamespaceOf(NodeName().Match(manifest).Groups[1].Value);
        var addresses = PodAddress().Matches(manifest).Select(match => match.Groups[1].Value).ToArray();
        var (link, via4) = await RouteAsync(node, addresses[0]);
        var (_, via6) = await RouteAsync(node, addresses[1]);
        return (new NodePlace(node, via4, via6), addresses[0], addresses[1], link);
    }

    private static async Task<(string Link, string Source)> RouteAsync(string node, string address)
    {
        var result = await Shell.RunAsync(["ip", "-n", node, "route", "get", address]);
        var words = result.Require().Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (words[Array.IndexOf(words, "dev") + 1], words[Array.IndexOf(words, "src") + 1]);
    }

    private static string NameOf(LabDirectory lab, string pod) => lab.NamespaceOf($"{pod}-twin");

    private static string NoteOf(LabDirectory lab, string pod) => Path.Combine(lab.Make("twins"), pod);

    private static string LinkOf(string link) => $"{link}-twin";

    [GeneratedRegex(@"^ *nodeName: *(\S+) *$", RegexOptions.Multiline)]
    private static partial Regex NodeName();

    [GeneratedRegex(@"^ *- ip: *""?([0-9a-f.:]+)""? *$", RegexOptions.Multiline)]
    private static partial Regex PodAddress();
}
