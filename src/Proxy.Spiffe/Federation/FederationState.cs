namespace Proxy.Spiffe.Federation;

/// <summary>How it stands with the bundle of one federated trust domain.</summary>
/// <param name="Domain">The trust domain and its endpoint.</param>
public sealed record FederationState(FederatedDomain Domain)
{
    /// <summary>How many roots the last good bundle has; null before the first one. 0: nobody of the trust domain is believed.</summary>
    public int? Roots { get; init; }

    /// <summary>The sequence of the last good bundle; null when it has none.</summary>
    public ulong? Sequence { get; init; }

    /// <summary>When the endpoint last gave a good bundle; null before the first one.</summary>
    public DateTimeOffset? LastFetch { get; init; }

    /// <summary>When the endpoint is asked next; null while it is being asked.</summary>
    public DateTimeOffset? NextFetch { get; init; }

    /// <summary>Why the last question brought no good bundle; null when it did.</summary>
    public string? LastError { get; init; }

    /// <summary>Whether the identity source gives a bundle of this trust domain too, which is then the one that counts.</summary>
    public bool IsGivenBySource { get; init; }
}
