using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Federation;

/// <summary>The last good bundle of one trust domain, and which one takes its place (SPIFFE Federation, section 4.2).</summary>
internal sealed class HeldBundle
{
    private volatile BundleDocument? _current;

    /// <summary>What was taken last; null before the first one.</summary>
    public BundleDocument? Current => _current;

    /// <summary>Takes a newer bundle, or the same once more; otherwise says why not.</summary>
    public string? Take(BundleDocument fetched)
    {
        var held = _current;
        var isSame = held is not null && HasSameRoots(held.Bundle, fetched.Bundle);
        if (held is { Sequence: { } last } && fetched.Sequence is { } sequence)
        {
            if (sequence < last)
                return $"the bundle went back from sequence {last} to {sequence} and is not taken; if its publisher began anew, start node-proxy again";
            if (sequence == last && !isSame)
                return $"the bundle has other keys under the same sequence {last} and is not taken; its publisher must raise spiffe_sequence";
        }

        // Connections rest on a bundle as an object: one that did not change stays the same one.
        _current = isSame ? fetched with { Bundle = held!.Bundle } : fetched;
        return null;
    }

    // In any order: a set of keys has none.
    private static bool HasSameRoots(TrustBundle one, TrustBundle other) =>
        one.Roots.Count == other.Roots.Count && one.Roots.All(other.IsRoot) && other.Roots.All(one.IsRoot);
}
