using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tls;

namespace Proxy;

/// <summary>With what a workload of this node proves itself to a peer, and judges him. They may come one after the other.</summary>
internal sealed record Credentials(X509Svid Svid, TrustBundle Bundle)
{
    /// <summary>Null unless both are there, and the SVID is valid.</summary>
    internal static Credentials? Find(IdentitySnapshot identities, Workload own, TrustDomain peer) =>
        identities.FindSvid(own.Uid, own.ExpectedId) is { } svid && identities.FindBundle(own.Uid, peer) is { } bundle
            ? new Credentials(svid, bundle)
            : null;

    /// <summary>Why <see cref="Find"/> found none in the end.</summary>
    internal static OutcomeReason WhyNone(IdentitySnapshot identities, Workload own, OutcomeReason noSvid) =>
        identities.FindSvid(own.Uid, own.ExpectedId) is null ? noSvid : OutcomeReason.NoBundle;
}

/// <summary>The credentials of two workloads of this node, which prove themselves to each other without a wire.</summary>
internal sealed record LocalCredentials(Credentials Client, Credentials Server)
{
    /// <summary>Null unless both have theirs.</summary>
    internal static LocalCredentials? Find(IdentitySnapshot identities, Workload client, Workload server) =>
        Credentials.Find(identities, client, server.ExpectedId.TrustDomain) is { } ofClient
        && Credentials.Find(identities, server, client.ExpectedId.TrustDomain) is { } ofServer
            ? new LocalCredentials(ofClient, ofServer)
            : null;

    /// <summary>What both prove; or, if one does not believe the other, why: as a handshake would have found.</summary>
    internal OutcomeReason? TryProve(DateTimeOffset now, out ConnectionProof? proof)
    {
        proof = null;
        var (server, client) = (OwnChains.Check(Server.Svid, Client.Bundle, now), OwnChains.Check(Client.Svid, Server.Bundle, now));
        if (!server.IsValid || !client.IsValid)
            return OutcomeReasons.From(server.IsValid ? client.Fault : server.Fault);
        proof = new ConnectionProof(Client.Svid.Id, Server.Svid.Id, ClientIsOurs: true, ServerIsOurs: true)
        {
            ExpiresAt = client.ExpiresAt < server.ExpiresAt ? client.ExpiresAt : server.ExpiresAt,
            ClientRoot = client.Root,
            ServerRoot = server.Root,
        };
        return null;
    }
}
