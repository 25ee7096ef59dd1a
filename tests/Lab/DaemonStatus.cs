using System.Text.Json;

namespace Lab;

/// <summary>What a node-proxy says of itself at its admin address, read from inside the node.</summary>
internal sealed class DaemonStatus
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>A change takes effect within this time; awaited where the daemon does not say more.</summary>
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(1);

    private readonly LabNode node;
    private readonly JsonElement root;

    private DaemonStatus(LabNode node, JsonElement root) => (this.node, this.root) = (node, root);

    private long? Revision => NumberOf("cluster", "revision");

    /// <summary>Up to which revision nothing goes on that the policies of it would refuse.</summary>
    private long? InForce => NumberOf("cluster", "inForce");

    public static async Task<DaemonStatus> ReadAsync(LabNode node)
    {
        var answer = await node.RunAsync("curl", "-qsS", "--noproxy", "*", "--max-time", "2", "http://127.0.0.1:15020/statusz");
        return new(node, Parse(answer.Succeeded ? answer.Output : ""));
    }

    /// <summary>Waits until a newer snapshot of the cluster than this one is in force.</summary>
    public async Task AwaitNewerAsync()
    {
        if (Revision is not { } old)
        {
            await Task.Delay(Promise);
            return;
        }

        await RequireAsync(node, status => status.InForce > old, $"no newer snapshot than {old}");
    }

    public static Task AwaitPodsAsync(LabNode node, IReadOnlyList<LabPod> pods) => AwaitAsync(
        node,
        status => status.Find("capture", "pods"),
        status => KnowsExactly(status, pods) && pods.All(pod => IsCaptured(status, pod, node)),
        "not every pod is known and captured");

    public static Task AwaitSvidAsync(LabNode node, string spiffeId, bool isHeld) => AwaitAsync(
        node,
        status => status.Find("identity", "svids"),
        status => Holds(status.Find("identity", "svids"), spiffeId) == isHeld,
        $"{spiffeId} is {(isHeld ? "not held" : "still held")}");

    /// <summary>Waits until a policy of this name is in force, and with it all that was written before it.</summary>
    public static Task AwaitPolicyAsync(LabNode node, string name) =>
        RequireAsync(node, status => Holds(status.Find("cluster", "policies"), name) && status.InForce >= status.Revision, $"there is no policy {name}");

    /// <summary>Captured connections of all pods of the node at the moment; null: the daemon did not say.</summary>
    public int? Connections => Find("capture", "pods") is { ValueKind: JsonValueKind.Array } pods
        ? pods.EnumerateArray().Sum(pod => pod.GetProperty("connections").GetInt32())
        : null;

    /// <summary>Tunnels to other nodes that the daemon has opened since it started, each with a full handshake.</summary>
    public int TunnelsOpened => Find("limits", "restingTunnels") is { ValueKind: JsonValueKind.Object } tunnels
        ? tunnels.GetProperty("openedSoFar").GetInt32()
        : throw new LabException($"{node.Name} does not say how many tunnels it has opened: {root}");

    /// <summary>How often the daemon has got other SVIDs or bundles.</summary>
    public long IdentityRevision => NumberOf("identity", "revision")
        ?? throw new LabException($"{node.Name} does not say which identities it has: {root}");

    /// <summary>The serial numbers of the SVIDs that the daemon holds.</summary>
    public IReadOnlySet<string> Serials => Find("identity", "svids") is { ValueKind: JsonValueKind.Array } svids
        ? svids.EnumerateArray().Select(svid => svid.GetProperty("serial").GetString()!).ToHashSet()
        : new HashSet<string>();

    /// <summary>Waits until the daemon has other SVIDs or bundles than at this revision.</summary>
    public static Task AwaitIdentitiesAsync(LabNode node, long after) =>
        RequireAsync(node, status => status.IdentityRevision > after, $"no identities newer than {after}");

    private static async Task AwaitAsync(
        LabNode node, Func<DaemonStatus, JsonElement?> evidence, Func<DaemonStatus, bool> condition, string fault)
    {
        if (evidence(await ReadAsync(node)) is null)
        {
            await Task.Delay(Promise);
            return;
        }

        await RequireAsync(node, condition, fault);
    }

    private static async Task RequireAsync(LabNode node, Func<DaemonStatus, bool> condition, string fault)
    {
        if (!await Wait.UntilAsync(async () => condition(await ReadAsync(node)), Limit))
        {
            throw new LabException($"{node.Name}: {fault} after {Limit.TotalSeconds:F0} s: {(await ReadAsync(node)).root}");
        }
    }

    /// <summary>By uid: a pod may have been made anew under the same name.</summary>
    private static bool IsCaptured(DaemonStatus status, LabPod pod, LabNode node) =>
        pod.Node != node || !pod.Options.IsEnrolled || Holds(status.Find("capture", "pods"), pod.Uid);

    private static bool KnowsExactly(DaemonStatus status, IReadOnlyList<LabPod> pods) =>
        status.Find("cluster", "workloads") is not { ValueKind: JsonValueKind.Array } known
        || known.EnumerateArray().Select(item => item.GetString()).ToHashSet().SetEquals(pods.Select(pod => pod.FullName));

    /// <summary>Whether the text stands anywhere in the element, as a string of its own.</summary>
    private static bool Holds(JsonElement? element, string text) => element switch
    {
        { ValueKind: JsonValueKind.String } value => value.GetString() == text,
        { ValueKind: JsonValueKind.Array } array => array.EnumerateArray().Any(item => Holds(item, text)),
        { ValueKind: JsonValueKind.Object } item => item.EnumerateObject().Any(p => p.Name == text || Holds(p.Value, text)),
        _ => false,
    };

    private long? NumberOf(string room, string name) => Find(room, name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;

    private JsonElement? Find(string room, string name) =>
        root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty(room, out var part) && part.ValueKind == JsonValueKind.Object
        && part.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text.Length > 0 ? text : "{}").RootElement;
        }
        catch (JsonException)
        {
            return JsonDocument.Parse("{}").RootElement;
        }
    }
}
