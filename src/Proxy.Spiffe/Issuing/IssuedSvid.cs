namespace Proxy.Spiffe.Issuing;

/// <summary>A freshly signed SVID in the form in which it is sent; the key is in no text of this type.</summary>
public sealed class IssuedSvid
{
    internal IssuedSvid(SpiffeId id, byte[] certificate, byte[] privateKey, DateTimeOffset notBefore, DateTimeOffset issuedAt, DateTimeOffset expiresAt)
    {
        Id = id;
        Certificate = certificate;
        PrivateKey = privateKey;
        NotBefore = notBefore;
        ExpiresAt = expiresAt;
        RotatesAt = issuedAt + ((expiresAt - issuedAt) / 2);
    }

    /// <summary>The ID that was signed.</summary>
    public SpiffeId Id { get; }

    /// <summary>The certificate, DER.</summary>
    public ReadOnlyMemory<byte> Certificate { get; }

    /// <summary>The unencrypted private key, DER PKCS#8.</summary>
    public ReadOnlyMemory<byte> PrivateKey { get; }

    /// <summary>The end of validity.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>When half of the lifetime has passed and a new SVID should take its place.</summary>
    public DateTimeOffset RotatesAt { get; }

    internal DateTimeOffset NotBefore { get; }

    /// <summary>Whether nothing should take its place: the clock may have been set to before its time, too.</summary>
    internal bool IsFreshAt(DateTimeOffset now) => NotBefore <= now && now < RotatesAt;

    /// <inheritdoc/>
    public override string ToString() => $"{Id} until {ExpiresAt:u}";
}
