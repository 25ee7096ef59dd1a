namespace Proxy.Policy.Matching;

/// <summary>
/// Addresses that the rules of one subject do not tell apart have one class, so that a client who tries every address
/// fills no memory.
/// </summary>
internal sealed class AddressClasses
{
    private readonly UInt128[] _starts;

    private AddressClasses(UInt128[] starts) => _starts = starts;

    /// <summary>How many classes there are.</summary>
    public int Count => _starts.Length + 1;

    public static AddressClasses Of(IEnumerable<AddressSet> sets)
    {
        var starts = new SortedSet<UInt128>();
        foreach (var span in sets.SelectMany(set => set.Spans))
        {
            starts.Add(span.First);
            if (span.Last != UInt128.MaxValue)
                starts.Add(span.Last + 1);
        }

        return new AddressClasses([.. starts]);
    }

    /// <summary>From 0.</summary>
    public int Find(Address address)
    {
        var (low, high) = (0, _starts.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_starts[middle] <= address.Bits)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
