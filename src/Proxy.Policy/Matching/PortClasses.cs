using System.Globalization;

namespace Proxy.Policy.Matching;

/// <summary>Ports of one protocol, or every port of every protocol, as numbers: the protocol in the high half.</summary>
internal readonly record struct PortSpan(uint First, uint Last)
{
    /// <summary>Every port of every protocol.</summary>
    public static PortSpan Every { get; } = new(0, uint.MaxValue);

    /// <summary>What an entry means at a server with these names; null when the server has no such name.</summary>
    public static PortSpan? Of(in PortEntry entry, NamedPorts? names)
    {
        if (entry.IsWhole)
            return new PortSpan(At(entry.Protocol, 0), At(entry.Protocol, ushort.MaxValue));
        if (entry.Name is null)
            return new PortSpan(At(entry.Protocol, entry.First), At(entry.Protocol, entry.Last));
        return names is not null && names.TryFind(entry.Protocol, entry.Name, out var port)
            ? new PortSpan(At(entry.Protocol, port), At(entry.Protocol, port))
            : null;
    }

    public static uint At(TransportProtocol protocol, ushort port) => ((uint)protocol << 16) | port;

    public bool Contains(uint at) => at >= First && at <= Last;

    public bool Contains(in PortSpan other) => other.First >= First && other.Last <= Last;
}

/// <summary>
/// Ports that the rules of one subject do not tell apart have one class, so that a client who tries every port fills
/// no memory.
/// </summary>
internal sealed class PortClasses
{
    // Beyond this, what lies between two boundaries is a class of its own: still bounded by the rules.
    private const int MostCompared = 256;

    private readonly uint[] _starts;
    private readonly int[] _classes;

    private PortClasses(uint[] starts, int[] classes)
    {
        _starts = starts;
        _classes = classes;
        Count = classes.Max() + 1;
    }

    /// <summary>How many classes there are.</summary>
    public int Count { get; }

    public static PortClasses Of(IReadOnlyCollection<PortSpan> spans)
    {
        var starts = new SortedSet<uint>();
        foreach (var span in spans)
        {
            starts.Add(span.First);
            if (span.Last != uint.MaxValue)
                starts.Add(span.Last + 1);
        }

        uint[] sorted = [.. starts.Where(start => start > 0)];
        return new PortClasses(sorted, spans.Count > MostCompared ? [.. Enumerable.Range(0, sorted.Length + 1)] : Classify(sorted, spans));
    }

    /// <summary>From 0.</summary>
    public int Find(TransportProtocol protocol, ushort port)
    {
        var at = PortSpan.At(protocol, port);
        var (low, high) = (0, _starts.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_starts[middle] <= at)
                low = middle + 1;
            else
                high = middle;
        }

        return _classes[low];
    }

    private static int[] Classify(uint[] starts, IReadOnlyCollection<PortSpan> spans)
    {
        var known = new Dictionary<string, int>();
        var classes = new int[starts.Length + 1];
        for (var i = 0; i < classes.Length; i++)
        {
            var at = i == 0 ? 0 : starts[i - 1];
            var covering = string.Join(',', spans.Index().Where(span => span.Item.Contains(at))
                .Select(span => span.Index.ToString(CultureInfo.InvariantCulture)));
            if (!known.TryGetValue(covering, out classes[i]))
                known.Add(covering, classes[i] = known.Count);
        }

        return classes;
    }
}
