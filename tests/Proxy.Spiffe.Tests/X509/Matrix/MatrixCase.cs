namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>One row: what a peer presents, what is believed, and who is right.</summary>
/// <param name="Name">What is wrong with it, or that nothing is.</param>
/// <param name="IsRight">What openssl and SPIFFE's rules say of it.</param>
/// <param name="Presented">DER, the leaf first.</param>
/// <param name="Roots">The bundle of each trust domain.</param>
internal sealed record MatrixCase(string Name, bool IsRight, IReadOnlyList<byte[]> Presented, IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Roots)
{
    /// <summary>
    /// The bundle holds what is no root. SPIFFE says that a bundle's certificates should be self-signed, not that they must: each
    /// of them is an anchor, as for openssl with <c>-partial_chain</c>.
    /// </summary>
    public bool HasOtherAnchors { get; init; }

    /// <summary>Why we refuse what openssl and SPIFFE's rules allow; null where we agree. There is no word for the opposite.</summary>
    public string? Stricter { get; init; }

    public override string ToString() => Name;
}
