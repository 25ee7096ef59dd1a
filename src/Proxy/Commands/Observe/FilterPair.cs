using Google.Protobuf.Collections;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>
/// The filter that the flags build, twice: a flag without a side means the source in the left one and the
/// destination in the right one, so that <c>--pod a --port 80</c> keeps both to the same side.
/// </summary>
internal sealed class FilterPair
{
    private static readonly string[][] Conflicts =
    [
        ["from-ip", "ip", "from-namespace", "namespace"],
        ["to-ip", "ip", "to-namespace", "namespace"],
        ["from-ip", "ip", "from-pod", "pod"],
        ["to-ip", "ip", "to-pod", "pod"],
        ["from-pod", "namespace"],
        ["to-pod", "namespace"],
        ["from-service", "namespace"],
        ["to-service", "namespace"],
        ["from-label", "label"],
        ["to-label", "label"],
        ["from-service", "service"],
        ["to-service", "service"],
        ["from-port", "port"],
        ["to-port", "port"],
        ["from-identity", "identity"],
        ["to-identity", "identity"],
        ["from-workload", "workload"],
        ["to-workload", "workload"],
    ];

    private readonly HashSet<string> _used = [];

    public FlowFilter Left { get; } = new();

    public FlowFilter Right { get; } = new();

    public NamespaceScope LeftScope { get; } = new();

    public NamespaceScope RightScope { get; } = new();

    /// <exception cref="UsageFault">The flag contradicts one given before.</exception>
    public void Use(string flag)
    {
        var rival = Conflicts.Where(group => group.Contains(flag)).SelectMany(group => group)
            .FirstOrDefault(other => other != flag && _used.Contains(other));
        if (rival is not null)
            throw new UsageFault($"filters --{rival} and --{flag} cannot be combined");
        _used.Add(flag);
    }

    public void Both(Action<FlowFilter> set)
    {
        set(Left);
        set(Right);
    }

    /// <summary>The filters to send: none, one when both sides ask the same, or two.</summary>
    public void AddTo(RepeatedField<FlowFilter> list)
    {
        if (_used.Count == 0)
            return;
        LeftScope.ApplyTo(Left);
        RightScope.ApplyTo(Right);
        list.Add(Left);
        if (!Left.Equals(Right))
            list.Add(Right);
    }
}
