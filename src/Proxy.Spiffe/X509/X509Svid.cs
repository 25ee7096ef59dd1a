using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>One of our own SVIDs with its private key, which lives in memory only and is in no text of this type.</summary>
public sealed class X509Svid
{
    private X509Svid(SpiffeId id, X509Certificate2 certificate, IReadOnlyList<X509Certificate2> intermediates)
    {
        Id = id;
        Certificate = certificate;
        Intermediates = intermediates;
        Serial = certificate.SerialNumber;
        NotBefore = Validity.Start(certificate);
        ExpiresAt = Validity.End(certificate);
    }

    /// <summary>The ID that the SVID proves.</summary>
    public SpiffeId Id { get; }

    /// <summary>The leaf, with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>What is to be presented after the leaf, in order; often empty.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; }

    /// <summary>The leaf's serial number in hexadecimal: tells one generation of the SVID from the next.</summary>
    public string Serial { get; }

    /// <summary>The start of the leaf's validity.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>The end of the leaf's validity.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>
    /// Reads an SVID as SPIFFE's APIs send it, and checks that it is one: the form of the leaf, authorities above
    /// it, and a key that belongs to the leaf (RSA or ECDSA). Never throws for what it is given.
    /// </summary>
    /// <param name="chain">One DER certificate each, leaf first.</param>
    /// <param name="pkcs8">The unencrypted private key, DER PKCS#8.</param>
    /// <param name="svid">The SVID.</param>
    /// <param name="error">One sentence why it is none, without anything of the key.</param>
    public static bool TryParse(
        IReadOnlyList<ReadOnlyMemory<byte>> chain,
        ReadOnlySpan<byte> pkcs8,
        [NotNullWhen(true)] out X509Svid? svid,
        out string error)
    {
        svid = null;
        if (!TryLoad(chain, out var certificates, out error))
            return false;
        var check = LeafForm.Check(certificates[0]);
        if (!check.IsValid)
            error = check.Detail;
        else if (!certificates.Skip(1).All(SigningForm.IsAuthority))
            error = "A certificate after the leaf is not a certificate authority.";
        else if (PrivateKey.TryAttach(certificates[0], pkcs8, out var withKey, out error))
            svid = new X509Svid(check.Id!, withKey, [.. certificates.Skip(1)]);
        return svid is not null;
    }

    /// <summary>Whether the leaf is valid at this time.</summary>
    public bool IsValidAt(DateTimeOffset now) => NotBefore <= now && now < ExpiresAt;

    /// <summary>Whether leaf and intermediates are the same, byte for byte.</summary>
    public bool HasSameCertificates(X509Svid other) =>
        Certificate.RawDataMemory.Span.SequenceEqual(other.Certificate.RawDataMemory.Span)
        && Intermediates.Count == other.Intermediates.Count
        && Intermediates.Zip(other.Intermediates).All(pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));

    /// <inheritdoc/>
    public override string ToString() => $"{Id} serial {Serial} until {ExpiresAt:u}";

    private static bool TryLoad(IReadOnlyList<ReadOnlyMemory<byte>> chain, out List<X509Certificate2> certificates, out string error)
    {
        certificates = [];
        error = chain.Count == 0 ? "The SVID has no certificate." : "";
        foreach (var der in chain)
        {
            if (DerSequence.TryLoad(der.Span, out var certificate))
                certificates.Add(certificate);
            else
                error = "A certificate of the SVID is not DER.";
        }

        return error.Length == 0;
    }
}
