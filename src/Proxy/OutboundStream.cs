using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tls;

namespace Proxy;

/// <summary>
/// The rest of the story of a connection to a pod of another node: over mutual TLS, in a tunnel that rests, in a new
/// one, or, to a peer that knows no tunnels, as the TLS stream itself.
/// </summary>
internal sealed class OutboundStream(
    ConnectionSeat seat, CapturedConnection captured, LiveConnection connection, Judgement judgement, X509Svid svid, TrustBundle bundle)
{
    /// <summary>Tunnels tried for one stream, each but the last retired in the meantime.</summary>
    private const int Attempts = 3;

    // What the server proves. The directory may expect another one by the time it has.
    private readonly SpiffeId _serverId = connection.Parties.Server.Workload!.ExpectedId;

    // A server that speaks for itself is offered no tunnel: the TLS stream is its application's.
    private readonly bool _mayTunnel = connection.Parties.WireForm == WireForm.Tunnels;

    private readonly FirstBytes _first = new(seat.Worker.Buffers, seat.HolderOf(connection));

    internal async ValueTask<ConnectionOutcome> RunAsync()
    {
        try
        {
            return _mayTunnel ? await CarryAsync(OutboundTunnels.KeyOf(connection.Parties, svid, bundle)) : await CarryDirectlyAsync(await SecureAsync());
        }
        finally
        {
            _first.Release();
        }
    }

    private async ValueTask<ConnectionOutcome> CarryAsync(TunnelKey key)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            // In a new one the first stream is carried, whatever was replaced meanwhile.
            var tunnel = attempt < Attempts ? seat.Tunnels.TryTake(key) : null;
            if (tunnel is null)
            {
                var secured = await SecureAsync(attempt < Attempts ? key : null);
                if (secured.Rested is null && secured.Leg?.Protocol != TlsContexts.TunnelProtocol)
                    return await CarryDirectlyAsync(secured);
                tunnel = secured.Rested ?? MakeTunnel(secured);
            }

            var outcome = await CarryInAsync(tunnel);
            seat.Tunnels.GiveBack(key, tunnel);
            if (outcome is { } ended)
                return ended;
        }

        return seat.Fail(connection, OutcomeReason.TunnelBroken);
    }

    /// <summary>A connection to the server's node, each end proven to the other; or why there is none.</summary>
    /// <param name="key">Of the tunnels of which one will do as well, if it has come to rest while this waited.</param>
    private async ValueTask<Secured> SecureAsync(TunnelKey? key = null)
    {
        // Both nodes count the limit from the connect on: whoever waits, for a place or for his turn, does so before.
        var place = seat.Places.Of(captured.Client.Endpoint.Address, connection.Parties.Server.Endpoint);
        captured.Leg.OnReset = place.GiveUp;
        var entering = place.EnterAsync();
        var hasWaited = !entering.IsCompleted;
        var answer = await entering;
        captured.Leg.OnReset = null;
        if (answer != PlaceAnswer.Entered)
            return new Secured(FailEntering(answer));
        bool? succeeded = null;
        try
        {
            if (hasWaited && key is not null && seat.Tunnels.TryTake(key) is { } rested)
                return new Secured(null, Rested: rested);
            succeeded = false;
            var secured = await SecureInPlaceAsync();
            succeeded = secured.Leg is not null;
            return secured;
        }
        finally
        {
            place.Leave(succeeded);
        }
    }

    private ConnectionOutcome FailEntering(PlaceAnswer answer) => answer switch
    {
        PlaceAnswer.TooManyWait => seat.Fail(connection, OutcomeReason.TooManyConnections),
        PlaceAnswer.NoneSucceeds => seat.RefuseHandshake(connection, judgement, OutcomeReason.HandshakeTimedOut, ""),
        _ => new ConnectionOutcome(connection.CutReason ?? OutcomeReason.Reset, ""),
    };

    private async ValueTask<Secured> SecureInPlaceAsync()
    {
        var turn = seat.Worker.Handshakes.Of(captured.Client.Endpoint.Address);
        if (!await turn.NextAsync())
            return new Secured(seat.Fail(connection, OutcomeReason.TooManyConnections));
        if (captured.Leg.IsClosed)
            return new Secured(new ConnectionOutcome(connection.CutReason ?? OutcomeReason.Reset, ""));
        var dialled = await seat.Dialer.ConnectAsync(captured.Pod.Scope, captured.Client.Endpoint.Address, connection.Parties.Server.Endpoint);
        if (dialled.Leg is not { } transport)
            return new Secured(seat.Fail(connection, OutcomeReasons.From(dialled.Fault)));

        var leg = seat.Tls.Secure(transport);
        connection.AttachServer(leg);
        var verifier = new PeerVerifier(bundle, _serverId, seat.Time) { Newest = FindNewestBundle };
        var handshake = await Handshake.RunAsync(
            seat.Worker, leg, turn, seat.Limits.Handshake, verifier,
            () => leg.AuthenticateAsClientAsync(svid, verifier, _mayTunnel));
        return handshake.Reason is { } reason
            ? new Secured(seat.RefuseHandshake(connection, judgement, reason, handshake.Detail))
            : new Secured(null, leg, transport, ProofOf(verifier));
    }

    private TrustBundle? FindNewestBundle() =>
        seat.Mesh.Identities.FindBundle(connection.Parties.Client.Workload!.Uid, _serverId.TrustDomain);

    private ConnectionProof ProofOf(PeerVerifier verifier) => new(svid.Id, _serverId, ClientIsOurs: true, ServerIsOurs: false)
    {
        ExpiresAt = verifier.ExpiresAt < svid.ExpiresAt ? verifier.ExpiresAt : svid.ExpiresAt,
        ServerRoot = verifier.Root,
    };

    private TunnelClient MakeTunnel(in Secured secured)
    {
        seat.Tunnels.CountOpened();
        return new TunnelClient(seat.Worker, secured.Socket!, secured.Leg!)
        {
            UsableUntil = secured.Proof!.ExpiresAt,
            Proof = secured.Proof,
        };
    }

    /// <summary>Null when the tunnel has retired and not taken the stream.</summary>
    private async ValueTask<ConnectionOutcome?> CarryInAsync(TunnelClient tunnel)
    {
        // A change may have been published that this worker has not heard of yet.
        var mesh = seat.Mesh;
        if (Prove((ConnectionProof)tunnel.Proof, mesh) is { } lost)
            return lost;
        var now = seat.Judge(connection, mesh);
        if (!now.IsAllowed)
            return seat.Deny(connection.Parties, now);
        if (!TakeFirst(isJudgedFirst: now.Http is not null))
            return new ConnectionOutcome(connection.CutReason ?? OutcomeReason.Reset, "");
        var stream = tunnel.Begin();
        connection.AttachServer(stream);
        var (answer, failure) = await OpenAsync(tunnel, stream);
        ConnectionOutcome? outcome = answer switch
        {
            OpenAnswer.Accepted => await seat.RelayAsync(connection, captured.Leg, stream, SocketFault.None),
            OpenAnswer.Refused => TakeRefusal(tunnel.Refusal),
            OpenAnswer.Excluded => null,
            _ => tunnel.Fault == TunnelFault.None ? FailOpening(failure) : null,
        };
        stream.Abort();
        return tunnel.Fault == TunnelFault.None ? outcome : seat.RefuseFrames(connection, Direction.Egress, tunnel.Fault);
    }

    /// <summary>
    /// What the client has sent by now goes with OPEN, unless requests have to be judged first. False when the client is gone.
    /// </summary>
    private bool TakeFirst(bool isJudgedFirst)
    {
        if (isJudgedFirst)
            _first.TakeNothing();
        else if (!_first.Take(captured.Leg))
            return false;
        connection.HasPassedUnread |= _first.Count > 0;
        return true;
    }

    private async ValueTask<(OpenAnswer Answer, OutcomeReason Failure)> OpenAsync(TunnelClient tunnel, TunnelStream stream)
    {
        var failure = OutcomeReason.TunnelBroken;
        void Abort(OutcomeReason reason)
        {
            failure = reason;
            stream.Abort();
        }

        var timer = new WheelTimer(() => Abort(OutcomeReason.ServerTimedOut));
        // A port that the client's kernel chose towards a Service may be the port of a tunnel to the pod itself.
        var opening = new StreamOpening(captured.Client.Endpoint.Port, MayKeepPort: connection.Parties.Service is null);
        captured.Leg.OnReset = () => Abort(OutcomeReason.Reset);
        seat.Worker.Timers.Schedule(timer, seat.Limits.Open);
        var answer = await tunnel.OpenAsync(stream, opening, _first);
        seat.Worker.Timers.Cancel(timer);
        captured.Leg.OnReset = null;
        if (answer == OpenAnswer.Accepted)
            _first.Release();
        return (answer, failure);
    }

    private async ValueTask<ConnectionOutcome> CarryDirectlyAsync(Secured secured)
    {
        if (secured.Refusal is { } refusal)
            return refusal;
        if (Prove(secured.Proof!, seat.Mesh) is { } lost)
            return lost;
        var leg = secured.Leg!;
        // Only after a tunnel that has retired, to a peer that speaks another version by now.
        if (_first.Count > 0 && !await leg.WriteAsync(_first.Bytes))
            return seat.Fail(connection, OutcomeReason.TunnelBroken);
        _first.Release();
        return await seat.RelayAsync(connection, captured.Leg, leg, SocketFault.None);
    }

    /// <summary>Both ends have proven who they are; not null when that is not what is expected of them by now.</summary>
    private ConnectionOutcome? Prove(ConnectionProof proof, MeshSnapshot mesh)
    {
        seat.Authenticate(connection, proof);
        if (connection.CutReason is { } cut)
            return new ConnectionOutcome(cut, "");
        if (seat.FindLostGround(connection, mesh) is { } lost)
            return seat.Refuse(connection.Parties, Direction.Ingress, lost);
        // They were taken from the client before there were rules for its requests.
        return _first.Count > 0 && seat.Judge(connection, mesh) is { Http: not null, OnlyWatches: false }
            ? seat.Refuse(connection.Parties, Direction.Egress, OutcomeReason.GateRequired)
            : null;
    }

    private ConnectionOutcome FailOpening(OutcomeReason failure) => failure == OutcomeReason.Reset
        ? new ConnectionOutcome(connection.CutReason ?? failure, "")
        : seat.Fail(connection, failure);

    private ConnectionOutcome TakeRefusal((string Reason, string Detail) refusal)
    {
        var reason = OutcomeReasons.FromPeer(refusal.Reason);
        var detail = reason == OutcomeReason.PeerRefused ? $"{refusal.Reason} {refusal.Detail}" : refusal.Detail;
        return seat.Refuse(connection.Parties, Direction.Egress, reason) with { Detail = detail };
    }

    private readonly record struct Secured(
        ConnectionOutcome? Refusal, TlsLeg? Leg = null, PlainLeg? Socket = null, ConnectionProof? Proof = null, TunnelClient? Rested = null);
}
