using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>The peers of a rule: everyone, or those that one of the selectors chooses.</summary>
internal sealed class PeerMatch
{
    private readonly LabelSelector[] _selectors;

    private PeerMatch(bool isAny, LabelSelector[] selectors)
    {
        IsAny = isAny;
        _selectors = selectors;
    }

    /// <summary>Everyone, the world included.</summary>
    public static PeerMatch Any { get; } = new(true, []);

    public bool IsAny { get; }

    /// <summary>No selector at all: nobody.</summary>
    public bool IsNobody => !IsAny && _selectors.Length == 0;

    public static PeerMatch OneOf(IEnumerable<LabelSelector> selectors) => new(false, [.. selectors]);

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
