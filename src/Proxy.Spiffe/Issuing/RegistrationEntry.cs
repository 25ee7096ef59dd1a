namespace Proxy.Spiffe.Issuing;

/// <summary>Which workloads get which SPIFFE ID.</summary>
public sealed class RegistrationEntry
{
    private readonly HashSet<Selector> _selectors;

    /// <summary>Makes an entry.</summary>
    /// <exception cref="ArgumentException">There is no selector: the entry would give its ID to everybody; or the ID is a trust domain's.</exception>
    public RegistrationEntry(SpiffeId spiffeId, IEnumerable<Selector> selectors)
    {
        SpiffeId = spiffeId;
        _selectors = [.. selectors];
        if (_selectors.Count == 0)
            throw new ArgumentException($"The entry of {spiffeId} has no selector and would match every workload.", nameof(selectors));
        if (spiffeId.Path.Length == 0)
            throw new ArgumentException($"{spiffeId} is a trust domain, not a workload.", nameof(spiffeId));
    }

    /// <summary>The ID that a matching workload gets.</summary>
    public SpiffeId SpiffeId { get; }

    /// <summary>What a workload must have, all of it.</summary>
    public IReadOnlySet<Selector> Selectors => _selectors;

    /// <summary>Whether the entry's selectors are a subset of what is known of the workload.</summary>
    public bool Matches(IReadOnlySet<Selector> known) => _selectors.IsSubsetOf(known);
}
