namespace Proxy.Spiffe;

/// <summary>Why a text is not a SPIFFE ID.</summary>
public enum SpiffeIdError
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>The text is empty.</summary>
    Empty,

    /// <summary>The text does not begin with <c>spiffe://</c>, in lower case.</summary>
    WrongScheme,

    /// <summary>The trust domain has a character other than a-z, 0-9, dot, hyphen and underscore.</summary>
    BadTrustDomainCharacter,

    /// <summary>There is nothing where the trust domain should be.</summary>
    MissingTrustDomain,

    /// <summary>The path has a character other than a-z, A-Z, 0-9, dot, hyphen, underscore and slash.</summary>
    BadPathCharacter,

    /// <summary>The path has two slashes in a row.</summary>
    EmptySegment,

    /// <summary>A segment of the path is <c>.</c> or <c>..</c>.</summary>
    DotSegment,

    /// <summary>The text ends with a slash.</summary>
    TrailingSlash,

    /// <summary>The whole is longer than 2048 bytes, or the trust domain longer than 255.</summary>
    TooLong,
}
