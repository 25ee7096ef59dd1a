using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>What a chain that was already built says, with expiry told apart from distrust.</summary>
internal static class ChainForm
{
    private const string AuthorityInformationAccess = "1.3.6.1.5.5.7.1.1";
    private const string RevocationListPoints = "2.5.29.31";

    /// <summary>A fault other than validity in time, or null.</summary>
    public static SvidFault? FindFault(X509Certificate2 leaf, X509Chain chain, TrustBundle bundle)
    {
        if (!StartsWith(chain, leaf) || chain.ChainElements.Count < 2 || !bundle.IsRoot(chain.ChainElements[^1].Certificate))
            return NamesAddresses(leaf) ? SvidFault.IssuerNotFetched : SvidFault.Untrusted;
        if (chain.ChainElements.Skip(1).SkipLast(1).Any(element => !SigningForm.IsAuthority(element.Certificate)))
            return SvidFault.Untrusted;
        if (chain.ChainElements.Any(element => !Validity.IsReadable(element.Certificate)))
            return SvidFault.Untrusted;
        var status = StatusOf(chain) & ~X509ChainStatusFlags.NotTimeValid;
        if (status == X509ChainStatusFlags.NoError)
            return IsStrong(chain) ? null : SvidFault.Untrusted;
        return status == X509ChainStatusFlags.NotValidForUsage ? SvidFault.BadExtendedKeyUsage : SvidFault.Untrusted;
    }

    /// <summary>Judges validity by <paramref name="now"/>, and by the chain's own clock.</summary>
    public static (SvidFault Fault, string Detail) FindTimeFault(X509Chain chain, DateTimeOffset now)
    {
        foreach (var element in chain.ChainElements)
        {
            var certificate = element.Certificate;
            if (now >= Validity.End(certificate))
                return (SvidFault.Expired, $"{Name(element, chain)} expired at {Validity.End(certificate):u}.");
            if (now < Validity.Start(certificate))
                return (SvidFault.NotYetValid, $"{Name(element, chain)} is valid from {Validity.Start(certificate):u} on.");
        }

        return StatusOf(chain) == X509ChainStatusFlags.NoError
            ? (SvidFault.None, "")
            : (SvidFault.Expired, "A certificate of the chain is not valid at the system's time.");
    }

    /// <summary>When the first of its certificates expires.</summary>
    public static DateTimeOffset EndOf(X509Chain chain) => chain.ChainElements.Min(element => Validity.End(element.Certificate));

    public static string Describe(X509Chain chain, TrustBundle bundle) =>
        (StatusOf(chain) & ~X509ChainStatusFlags.NotTimeValid) == X509ChainStatusFlags.NoError && !IsStrong(chain)
            ? "A key or a signature of the chain is too weak to prove anything: RSA below 2048 bits, a curve below 224, or SHA-1."
            : $"The certificate does not chain to a root of {bundle.TrustDomain} ({StatusOf(chain)}).";

    // An anchor is believed for itself, and not for its signature.
    private static bool IsStrong(X509Chain chain) =>
        chain.ChainElements.All(element => Strength.HasStrongKey(element.Certificate))
        && chain.ChainElements.SkipLast(1).All(element => Strength.HasStrongSignature(element.Certificate));

    // The status of the chain alone may leave out what an element says, so both count.
    private static X509ChainStatusFlags StatusOf(X509Chain chain) =>
        chain.ChainElements.SelectMany(element => element.ChainElementStatus)
            .Concat(chain.ChainStatus)
            .Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);

    private static bool NamesAddresses(X509Certificate2 leaf) =>
        leaf.Extensions.Any(extension => extension.Oid?.Value is AuthorityInformationAccess or RevocationListPoints);

    private static bool StartsWith(X509Chain chain, X509Certificate2 leaf) =>
        chain.ChainElements.Count > 0
        && chain.ChainElements[0].Certificate.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span);

    private static string Name(X509ChainElement element, X509Chain chain) =>
        ReferenceEquals(element, chain.ChainElements[0]) ? "The certificate" : "A certificate above the peer's";
}
