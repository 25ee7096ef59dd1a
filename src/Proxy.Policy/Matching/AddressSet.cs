namespace Proxy.Policy.Matching;

/// <summary>Addresses from the first to the last, both included.</summary>
internal readonly record struct AddressSpan(UInt128 First, UInt128 Last);

/// <summary>A set of addresses, as sorted spans that do not touch.</summary>
internal sealed class AddressSet
{
    // Where IPv4 lies among the IPv6 addresses: a range of IPv6 does not mean it.
    private static readonly AddressSpan IPv4 = new((UInt128)0xffff << 32, ((UInt128)0xffff << 32) | uint.MaxValue);

    private readonly AddressSpan[] _spans;

    private AddressSet(AddressSpan[] spans) => _spans = spans;

    public static AddressSet Empty { get; } = new([]);

    public IReadOnlyList<AddressSpan> Spans => _spans;

    public bool IsEmpty => _spans.Length == 0;

    /// <summary>All ranges together, each without its own exceptions.</summary>
    public static AddressSet Of(IEnumerable<(Cidr Range, IReadOnlyList<Cidr> Except)> entries)
    {
        AddressSpan[] spans = [.. entries.SelectMany(entry => Carve(SpansOf(entry.Range), entry.Except))];
        return spans.Length == 0 ? Empty : new AddressSet(Join(spans));
    }

    public bool Contains(Address address)
    {
        var (low, high) = (0, _spans.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (address.Bits < _spans[middle].First)
                high = middle - 1;
            else if (address.Bits > _spans[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }

    public bool IsSameAs(AddressSet other) => _spans.AsSpan().SequenceEqual(other._spans);

    private static AddressSpan[] SpansOf(Cidr range)
    {
        var whole = new AddressSpan(range.First.Bits, range.Last.Bits);
        return range.Network.IsIPv4 ? [whole] : [.. Without(whole, [IPv4])];
    }

    // Both are sorted first: a list of exceptions may be as long as its author likes.
    private static IEnumerable<AddressSpan> Carve(AddressSpan[] spans, IReadOnlyList<Cidr> except)
    {
        AddressSpan[] holes = [.. except.SelectMany(SpansOf)];
        if (holes.Length == 0)
            return spans;

        holes = Join(holes);
        return spans.SelectMany(span => Without(span, holes));
    }

    private static List<AddressSpan> Without(AddressSpan span, AddressSpan[] holes)
    {
        var rest = new List<AddressSpan>();
        foreach (var hole in holes)
        {
            if (hole.Last < span.First)
                continue;
            if (hole.First > span.Last)
                break;

            if (hole.First > span.First)
                rest.Add(span with { Last = hole.First - 1 });
            if (hole.Last >= span.Last)
                return rest;
            span = span with { First = hole.Last + 1 };
        }

        rest.Add(span);
        return rest;
    }

    private static AddressSpan[] Join(AddressSpan[] spans)
    {
        Array.Sort(spans, (a, b) => a.First.CompareTo(b.First));
        var joined = new List<AddressSpan>(spans.Length) { spans[0] };
        foreach (var span in spans.AsSpan(1))
        {
            var last = joined[^1];
            if (last.Last != UInt128.MaxValue && span.First > last.Last + 1)
                joined.Add(span);
            else if (span.Last > last.Last)
                joined[^1] = last with { Last = span.Last };
        }

        return [.. joined];
    }
}
