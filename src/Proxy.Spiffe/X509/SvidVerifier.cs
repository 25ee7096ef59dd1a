using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>
/// Verifies a peer's X.509-SVID. The leaf is always the first certificate presented, because only its key was
/// proven; the bundle is always that of the leaf's own trust domain, because any other could mint its IDs.
/// Nothing is ever fetched, and no fault is forgiven. Faults are told in this order: no certificate, the form of
/// the leaf, the bundle, the chain, the validity in time, the expected ID.
/// </summary>
public static class SvidVerifier
{
    /// <summary>Full verification: builds the chain itself.</summary>
    /// <param name="presented">What the peer presented; element 0 is the leaf, the rest are untrusted intermediates.</param>
    /// <param name="bundles">Gives the bundle of a trust domain, or null.</param>
    /// <param name="now">The time that validity is judged at.</param>
    public static SvidCheck Verify(
        IReadOnlyList<X509Certificate2> presented,
        Func<TrustDomain, TrustBundle?> bundles,
        DateTimeOffset now)
    {
        if (presented.Count == 0)
            return NoCertificate();
        var form = LeafForm.Check(presented[0]);
        if (!form.IsValid)
            return form;
        if (bundles(form.Id!.TrustDomain) is not { } bundle)
            return NoBundle(form);

        using var chain = new X509Chain { ChainPolicy = bundle.CreateChainPolicy(now) };
        chain.ChainPolicy.ExtraStore.AddRange(presented.Skip(1).ToArray());
        return Build(chain, presented[0]) ? CheckChain(form, presented[0], chain, bundle, now) : Unbuildable(form);
    }

    /// <summary>
    /// For TLS stacks that have built <paramref name="chain"/> with the bundle's chain policy already: checks the form of the
    /// leaf, that the chain is clean and ends at a root of the bundle, that the bundle is that of the leaf's trust
    /// domain, and that the leaf's ID is the expected one. Does not build the chain again.
    /// </summary>
    public static SvidCheck Check(
        X509Certificate2? leaf,
        X509Chain? chain,
        TrustBundle? bundle,
        SpiffeId expected,
        DateTimeOffset now)
    {
        if (leaf is null)
            return NoCertificate();
        var form = LeafForm.Check(leaf);
        if (!form.IsValid)
            return form;
        if (bundle is null)
            return NoBundle(form);
        if (chain is null)
            return Unbuildable(form);
        var check = CheckChain(form, leaf, chain, bundle, now);
        return check.IsValid && !expected.Equals(check.Id)
            ? check with { Fault = SvidFault.UnexpectedId, Detail = $"The peer is {check.Id}, expected was {expected}." }
            : check;
    }

    private static SvidCheck CheckChain(SvidCheck form, X509Certificate2 leaf, X509Chain chain, TrustBundle bundle, DateTimeOffset now)
    {
        if (form.Id!.TrustDomain != bundle.TrustDomain)
            return form with { Fault = SvidFault.Untrusted, Detail = $"The roots of {bundle.TrustDomain} do not speak for {form.Id}." };
        if (ChainForm.FindFault(leaf, chain, bundle) is { } fault)
            return form with { Fault = fault, Detail = ChainForm.Describe(chain, bundle) };
        var time = ChainForm.FindTimeFault(chain, now);
        return time.Fault == SvidFault.None
            ? form with { Root = bundle.FindRoot(chain.ChainElements[^1].Certificate), ExpiresAt = ChainForm.EndOf(chain) }
            : form with { Fault = time.Fault, Detail = time.Detail };
    }

    private static bool Build(X509Chain chain, X509Certificate2 leaf)
    {
        try
        {
            chain.Build(leaf);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static SvidCheck NoCertificate() => new(SvidFault.NoCertificate, null, "The peer presented no certificate.");

    private static SvidCheck NoBundle(SvidCheck form) =>
        form with { Fault = SvidFault.NoBundle, Detail = $"No bundle is known for the trust domain {form.Id!.TrustDomain}." };

    private static SvidCheck Unbuildable(SvidCheck form) =>
        form with { Fault = SvidFault.Untrusted, Detail = "No chain could be built from the certificate." };
}
