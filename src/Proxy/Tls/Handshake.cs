using Proxy.Engine;
using Proxy.Lifetime;

namespace Proxy.Tls;

/// <summary>How a handshake went; <c>Reason</c> is null when the peer is who it should be.</summary>
internal readonly record struct HandshakeResult(OutcomeReason? Reason, string Detail);

/// <summary>A TLS handshake within its limit, and the one reason for which it failed.</summary>
internal static class Handshake
{
    /// <param name="worker">The leg's worker.</param>
    /// <param name="leg">The leg that is to be secured.</param>
    /// <param name="turn">The client's turns, one for each step.</param>
    /// <param name="limit">For all of it but the wait for the first turn of a client.</param>
    /// <param name="verifier">Judges the peer's certificate.</param>
    /// <param name="authenticate">The leg's part of the handshake.</param>
    internal static async ValueTask<HandshakeResult> RunAsync(
        Worker worker, TlsLeg leg, HandshakeTurn turn, TimeSpan limit, PeerVerifier verifier, Func<ValueTask<string?>> authenticate)
    {
        var timedOut = false;
        leg.Turn = turn;
        var timer = new WheelTimer(() =>
        {
            timedOut = true;
            leg.Abort();
        });
        worker.Timers.Schedule(timer, limit);
        string? fault;
        try
        {
            fault = await authenticate();
        }
        catch (IOException e)
        {
            // Making the first context of an SVID reads files; without descriptors that fails, and only this handshake with it.
            fault = e.Message;
        }
        finally
        {
            worker.Timers.Cancel(timer);
            leg.Turn = null;
        }

        if (timedOut)
            return new HandshakeResult(OutcomeReason.HandshakeTimedOut, "");
        if (turn.IsRefused)
            return new HandshakeResult(OutcomeReason.TooManyConnections, "");
        if (verifier.Found is { IsValid: false } refused)
            return new HandshakeResult(OutcomeReasons.From(refused.Fault), refused.Detail);
        // A handshake that ended well without the verifier having agreed must not pass, whatever the stream says.
        return fault is null && verifier.Found is { IsValid: true }
            ? new HandshakeResult(null, "")
            : new HandshakeResult(OutcomeReason.HandshakeFailed, fault ?? "The peer's certificate was not judged.");
    }
}
