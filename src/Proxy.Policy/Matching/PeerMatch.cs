using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>
/// The peers of a rule: everyone, or those that one of the selectors, ranges or services chooses. Entities are selectors of
/// reserved labels. At most one of the lists holds anything, since an item has one kind of peer.
/// </summary>
internal sealed class PeerMatch
{
    private readonly LabelSelector[] _selectors;

    private PeerMatch(bool isAny, LabelSelector[] selectors, CidrMatch[] ranges, ServiceMatch[] services)
    {
        IsAny = isAny;
        _selectors = selectors;
        Ranges = ranges;
        Services = services;
    }

    /// <summary>Everyone, the world included: no kind of peer is named.</summary>
    public static PeerMatch Any { get; } = new(true, [], [], []);

    /// <summary>Nobody: the list of peers is empty.</summary>
    public static PeerMatch Nobody { get; } = new(false, [], [], []);

    public bool IsAny { get; }

    public IReadOnlyList<LabelSelector> Selectors => _selectors;

    /// <summary>Addresses outside the cluster.</summary>
    public IReadOnlyList<CidrMatch> Ranges { get; }

    /// <summary>What the context has to turn into selectors or ranges.</summary>
    public IReadOnlyList<ServiceMatch> Services { get; }

    /// <summary>No selector, range or service at all.</summary>
    public bool IsNobody => !IsAny && _selectors.Length == 0 && Ranges.Count == 0 && Services.Count == 0;

    public static PeerMatch OneOf(IEnumerable<LabelSelector> selectors) => new(false, [.. selectors], [], []);

    public static PeerMatch OneOf(IEnumerable<CidrMatch> ranges) => new(false, [], [.. ranges], []);

    public static PeerMatch OneOf(IEnumerable<ServiceMatch> services) => new(false, [], [], [.. services]);

    /// <summary>An unknown identity is nobody's choice, whatever an absent label would mean.</summary>
    public bool Covers(Identity peer)
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

        return false;
    }
}

/// <summary>One range of addresses outside the cluster: written out, or a group by name or by labels; exactly one of the three.</summary>
internal sealed record CidrMatch
{
    public Cidr? Range { get; init; }

    public string? GroupName { get; init; }

    public LabelSelector? GroupSelector { get; init; }

    /// <summary>Not part of it; carves this entry only.</summary>
    public IReadOnlyList<Cidr> Except { get; init; } = [];
}

/// <summary>Services by name, or by their labels; exactly one of the two.</summary>
/// <param name="Namespace">Where they are; null for every namespace.</param>
/// <param name="Name">The service's name.</param>
/// <param name="Selector">Over the service's own labels.</param>
internal sealed record ServiceMatch(string? Namespace, string? Name, LabelSelector? Selector);
