using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>The result of a verification.</summary>
/// <param name="Fault">What is wrong, or <see cref="SvidFault.None"/>.</param>
/// <param name="Id">The ID that the certificate names, as far as it could be read; proven only if there is no fault.</param>
/// <param name="Detail">One sentence for the operator, empty if there is no fault.</param>
public readonly record struct SvidCheck(SvidFault Fault, SpiffeId? Id, string Detail)
{
    /// <summary>Whether the peer has proven <see cref="Id"/>.</summary>
    public bool IsValid => Fault == SvidFault.None && Id is not null;

    /// <summary>The root of the bundle that the certificate leads to; null unless its whole chain is right.</summary>
    public X509Certificate2? Root { get; init; }

    /// <summary>When the first certificate of the chain expires; the earliest time there is unless the whole chain is right.</summary>
    public DateTimeOffset ExpiresAt { get; init; }
}
