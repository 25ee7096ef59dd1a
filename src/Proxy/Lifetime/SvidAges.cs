namespace Proxy.Lifetime;

/// <summary>
/// How long the connections of one worker may outlive the SVIDs that they were opened with. Rotation leaves live connections
/// alone, and nothing else happens when an SVID expires: so the clock is looked at.
/// </summary>
/// <param name="pastExpiry">How long an SVID counts for a live connection after it has expired.</param>
/// <param name="time">The clock that SVIDs expire by.</param>
internal sealed class SvidAges(TimeSpan pastExpiry, TimeProvider time)
{
    private long _next = long.MaxValue;

    /// <summary>Whether there may be a connection by now that is over; any thread may ask.</summary>
    internal bool IsDue => Volatile.Read(ref _next) <= time.GetUtcNow().UtcTicks;

    /// <summary>Whether nothing may rest on this proof any longer.</summary>
    internal bool IsOver(ConnectionProof proof) => EndOf(proof) <= time.GetUtcNow().UtcTicks;

    /// <summary>A connection rests on this proof from now on.</summary>
    internal void Follow(ConnectionProof proof) => Volatile.Write(ref _next, Math.Min(_next, EndOf(proof)));

    /// <summary>Forgets whom it followed: who still lives is followed anew.</summary>
    internal void Forget() => Volatile.Write(ref _next, long.MaxValue);

    private long EndOf(ConnectionProof proof) => Math.Min(proof.ExpiresAt.UtcTicks, DateTime.MaxValue.Ticks - pastExpiry.Ticks) + pastExpiry.Ticks;
}
