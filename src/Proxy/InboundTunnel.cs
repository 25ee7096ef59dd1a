using Proxy.Capture;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Policy;
using Proxy.Spiffe.X509;
using Proxy.Tls;

namespace Proxy;

/// <summary>
/// The story of a tunnel to a pod of this node. Every stream in it is a connection of its own: registered, judged and
/// told of by itself. The tunnel ends with the SVID, the bundle or the pod that it rests on.
/// </summary>
internal sealed class InboundTunnel(
    ConnectionSeat seat, CapturedConnection captured, LiveConnection tunnel, TlsLeg leg, X509Svid svid, PeerVerifier verifier,
    Action<CapturedConnection, ConnectionOutcome> tell)
{
    // The handshake was made for the first stream: if that comes at once, it is carried even if the SVID has been replaced
    // meanwhile. Under load, with one rotation after another, no handshake would ever be in time.
    private readonly long _began = seat.Time.GetTimestamp();
    private bool _hasCarried;

    private readonly TunnelServer _server = new(seat.Worker, leg, seat.Limits.Open);

    internal async ValueTask<ConnectionOutcome> RunAsync()
    {
        tunnel.IsTunnel = true;
        tunnel.OnSpared = RetireIfOutdated;
        captured.Leg.SetKeepAlive(Tunnel.WithStream);
        captured.Leg.CloseLinger = TunnelServer.Linger;
        RetireIfOutdated();
        while (await NextAsync() is { } opened)
        {
            if (IsOutdated())
                await _server.ExcludeAsync(opened.Leg);
            else
                await CarryAsync(opened);
        }

        if (_server.Fault != TunnelFault.None)
            return seat.RefuseFrames(tunnel, Direction.Ingress, _server.Fault);
        return new ConnectionOutcome(tunnel.CutReason ?? (_server.EndedInOrder ? OutcomeReason.Completed : OutcomeReason.Reset), "");
    }

    /// <summary>Waits for the next stream; a tunnel that carries none for long is retired, in case its client forgot it.</summary>
    private async ValueTask<OpenedStream?> NextAsync()
    {
        var timer = new WheelTimer(_server.Retire);
        seat.Worker.Timers.Schedule(timer, seat.Limits.Tunnels.Idle * 2);
        captured.Leg.SetKeepAliveProbes(Tunnel.AtRest.Probes);
        captured.Pod.BeginRest();
        seat.Budget.BeginInboundRest();
        var place = seat.RestingInbound.Enter(_server, new(tunnel.Parties.Client.Workload!.Uid, tunnel.Parties.Server.Workload!.Uid));
        try
        {
            return await _server.NextAsync();
        }
        finally
        {
            seat.RestingInbound.Leave(place);
            seat.Budget.EndInboundRest();
            captured.Pod.EndRest();
            captured.Leg.SetKeepAliveProbes(Tunnel.WithStream.Probes);
            seat.Worker.Timers.Cancel(timer);
        }
    }

    private ValueTask CarryAsync(OpenedStream opened)
    {
        _hasCarried = true;
        RetireIfOutdated();
        return RunStreamAsync(opened);
    }

    private async ValueTask RunStreamAsync(OpenedStream opened)
    {
        var client = captured.Client.Endpoint with { Port = opened.Opening.ClientPort };
        var connection = new LiveConnection(tunnel.Parties with { Client = tunnel.Parties.Client with { Endpoint = client } })
        {
            Proof = tunnel.Proof,
            Authentication = tunnel.Authentication,
        };
        connection.AttachClient(opened.Leg);
        using var entry = seat.Table.Register(connection);
        tell(captured with { Client = new ClientAddress(client) }, await ServeAsync(connection, opened));
    }

    private async ValueTask<ConnectionOutcome> ServeAsync(LiveConnection connection, OpenedStream opened)
    {
        if (FindRefusal(connection) is { } refusal)
            return await RefuseAsync(opened, refusal);
        var client = connection.Parties.Client.Endpoint;
        var port = opened.Opening.MayKeepPort ? client.Port : (ushort)0;
        opened.Leg.OnReset = opened.Leg.Abort;
        var dialled = await seat.Dialer.ConnectFromAsync(captured.Pod.Scope, client.Address, connection.Parties.Server.Endpoint, port);
        if (_server.IsOver && connection.CutReason is null)
            return GiveUp(dialled.Leg);
        if (seat.Admit(connection, dialled.Leg, dialled.Fault) is { } refused)
            return await RefuseAsync(opened, refused);
        if (!_server.Accept())
            return new ConnectionOutcome(connection.CutReason ?? OutcomeReason.Reset, "");
        return await seat.RelayAdmittedAsync(connection, opened.Leg, dialled.Leg!);
    }

    /// <summary>The client has gone while its server was dialled.</summary>
    private static ConnectionOutcome GiveUp(PlainLeg? dialled)
    {
        dialled?.Abort();
        return new ConnectionOutcome(OutcomeReason.Reset, "");
    }

    private ConnectionOutcome? FindRefusal(LiveConnection connection)
    {
        if (captured.Pod.Connections > seat.Limits.ConnectionsPerWorkload || !seat.Budget.IsWithinShare(captured.Pod.Connections))
            return seat.Refuse(connection.Parties, Direction.Ingress, OutcomeReason.TooManyConnections);
        if (seat.FindLostGround(connection) is { } lost)
            return seat.Refuse(connection.Parties, Direction.Ingress, lost);
        var judgement = seat.Judge(connection);
        return judgement.IsAllowed ? null : seat.Deny(connection.Parties, judgement);
    }

    private async ValueTask<ConnectionOutcome> RefuseAsync(OpenedStream opened, ConnectionOutcome outcome)
    {
        _ = await _server.RefuseAsync(opened.Leg, outcome.Reason.Text(), outcome.Detail);
        return outcome;
    }

    private void RetireIfOutdated()
    {
        if (IsOutdated())
            _server.Retire();
    }

    /// <summary>Whether an SVID of the tunnel has expired; or, unless it waits for its first stream, whether a handshake would be another one by now.</summary>
    private bool IsOutdated() => tunnel.Proof!.ExpiresAt <= seat.Time.GetUtcNow() || (!AwaitsFirst() && IsReplaced());

    private bool AwaitsFirst() => !_hasCarried && seat.Time.GetElapsedTime(_began) <= seat.Limits.Open;

    private bool IsReplaced()
    {
        var (server, identities) = (tunnel.Parties.Server.Workload!, seat.Mesh.Identities);
        return !ReferenceEquals(identities.FindSvid(server.Uid, server.ExpectedId), svid)
            || !ReferenceEquals(identities.FindBundle(server.Uid, verifier.Bundle.TrustDomain), verifier.Bundle);
    }
}
