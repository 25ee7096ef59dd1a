using System.Security.Cryptography.X509Certificates;
using Proxy.Engine;
using Proxy.Policy;
using Proxy.Spiffe;

namespace Proxy.Lifetime;

/// <summary>
/// The identities that an authenticated connection rests on, and for which of them this node holds the SVID: when
/// one of those is withdrawn, the connection ends with it.
/// </summary>
internal sealed record ConnectionProof(SpiffeId ClientId, SpiffeId ServerId, bool ClientIsOurs, bool ServerIsOurs)
{
    /// <summary>When the first of the two SVIDs expires, or what its chain rests on.</summary>
    internal DateTimeOffset ExpiresAt { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>The root by which this node verified the client; null if it did not.</summary>
    internal X509Certificate2? ClientRoot { get; init; }

    /// <summary>The root by which this node verified the server; null if it did not.</summary>
    internal X509Certificate2? ServerRoot { get; init; }
}

/// <summary>
/// A connection from before it is first judged until it has ended: what a change of the mesh judges again and,
/// where it must, cuts.
/// </summary>
internal sealed class LiveConnection(Parties parties)
{
    private Parties _parties = parties;
    private Leg? _client;
    private Leg? _server;

    /// <summary>The ends as the directory knew them when the connection was last judged. By reference: each request asks.</summary>
    internal ref readonly Parties Parties => ref _parties;

    /// <summary>How the peers authenticated; set once, when it is known.</summary>
    internal PeerAuthentication Authentication { get; set; } = PeerAuthentication.NotYetKnown;

    /// <summary>Not null once the peers are authenticated.</summary>
    internal ConnectionProof? Proof { get; set; }

    /// <summary>Set when this is a tunnel: its streams are connections of their own, and tell of themselves.</summary>
    internal bool IsTunnel { get; set; }

    /// <summary>Called when a change of the mesh has left the connection alive.</summary>
    internal Action? OnSpared { get; set; }

    /// <summary>Set once bytes may flow.</summary>
    internal bool IsRelaying { get; set; }

    /// <summary>Set once bytes of the client have gone on that no gate has seen.</summary>
    internal bool HasPassedUnread { get; set; }

    /// <summary>Set once the connection's requests pass a gate.</summary>
    internal bool HasGate { get; set; }

    /// <summary>The requests are only watched: whatever passes the gate, or does not read as HTTP, goes on.</summary>
    internal bool OnlyWatched { get; set; }

    /// <summary>The HTTP rules in force now; the gate asks for each request.</summary>
    internal RequestRules? Http { get; set; }

    /// <summary>
    /// Whether the rules would refuse what is under way now: a request that they would not have let through, or what
    /// has become of it. Set once there is a gate.
    /// </summary>
    internal Func<RequestRules, bool>? RefusesUnderway { get; set; }

    /// <summary>Why the connection was cut from outside; null while it was not.</summary>
    internal OutcomeReason? CutReason { get; private set; }

    /// <summary>The same ends, as the directory knows them now.</summary>
    internal void Know(in Parties parties) => _parties = parties;

    internal void AttachClient(Leg leg) => Attach(ref _client, leg);

    internal void AttachServer(Leg leg) => Attach(ref _server, leg);

    /// <summary>Resets both legs, at once.</summary>
    internal void Cut(OutcomeReason reason)
    {
        CutReason ??= reason;
        Abort();
    }

    /// <summary>Resets the legs that have not been closed in order.</summary>
    internal void Abort()
    {
        _client?.Abort();
        _server?.Abort();
    }

    private void Attach(ref Leg? place, Leg leg)
    {
        place = leg;
        if (CutReason is not null)
            leg.Abort();
    }
}
