using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>The peers of a rule with groups and services turned into what they stand for.</summary>
internal sealed class ResolvedPeers
{
    private readonly LabelSelector[] _selectors;

    public ResolvedPeers(bool isAny, IEnumerable<LabelSelector> selectors, AddressSet addresses)
    {
        IsAny = isAny;
        _selectors = [.. selectors];
        Addresses = addresses;
        IsWide = isAny || Array.Exists(_selectors, selector => selector.Requirements.Count == 0);
    }

    public bool IsAny { get; }

    /// <summary>Everyone, or a selector without requirements: Cilium keeps both as one entry for any peer.</summary>
    public bool IsWide { get; }

    public IReadOnlyList<LabelSelector> Selectors => _selectors;

    /// <summary>Of peers outside the cluster.</summary>
    public AddressSet Addresses { get; }

    /// <summary>An unknown identity is nobody's choice, whatever an absent label would mean.</summary>
    public bool Covers(Identity peer, Address address)
    {
        if (IsAny)
            return true;

        if (peer.Number == Identity.Unknown.Number)
            return false;

        foreach (var selector in _selectors)
        {
            if (selector.Matches(peer.Labels))
                return true;
        }

        return peer.IsWorld && Addresses.Contains(address);
    }

    /// <summary>Whether both choose the same peers because they say the same.</summary>
    public bool IsSameAs(ResolvedPeers other) =>
        IsAny == other.IsAny
        && Addresses.IsSameAs(other.Addresses)
        && _selectors.Select(selector => selector.ToString()).SequenceEqual(other._selectors.Select(selector => selector.ToString()));
}
