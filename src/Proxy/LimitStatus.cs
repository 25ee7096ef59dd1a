using System.Text.Json;
using Proxy.Capture;
using Proxy.Engine;
using Proxy.Native;

namespace Proxy;

/// <summary>Every limit and how much of it is used now. The workers' figures are read while they change: each is right for a moment.</summary>
internal sealed class LimitStatus(IReadOnlyList<ConnectionSeat> seats, ConnectionBudget budget, ConnectionLimits limits)
{
    private const int KiBPerBuffer = BufferPool.BufferSize / 1024;

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("limits");
        WriteConnections(json);
        WriteDescriptors(json);
        WriteBuffers(json);
        WriteQueues(json);
        WriteTunnels(json);
        WriteTimes(json);
        WriteRequests(json);
        json.WriteEndObject();
    }

    private void WriteConnections(Utf8JsonWriter json)
    {
        json.WriteStartObject("connections");
        json.WriteNumber("used", budget.Connections);
        json.WriteNumber("limit", budget.Limit);
        json.WriteNumber("refused", budget.Refused);
        json.WriteNumber("limitPerWorkload", Math.Min(limits.ConnectionsPerWorkload, budget.Share));
        json.WriteEndObject();
    }

    private void WriteDescriptors(Utf8JsonWriter json)
    {
        json.WriteStartObject("descriptors");
        json.WriteNumber("used", DescriptorLimit.CountOpen());
        json.WriteNumber("limit", DescriptorLimit.Read());
        json.WriteNumber("reserved", limits.ReservedDescriptors);
        json.WriteEndObject();
    }

    private void WriteBuffers(Utf8JsonWriter json)
    {
        json.WriteStartObject("bufferKiB");
        json.WriteNumber("used", seats.Sum(seat => (long)seat.Worker.Buffers.Rented) * KiBPerBuffer);
        json.WriteNumber("limit", seats.Sum(seat => (long)seat.Worker.Buffers.Limit) * KiBPerBuffer);
        json.WriteNumber("endedForOthers", seats.Sum(seat => seat.Worker.Buffers.Ended));
        json.WriteEndObject();
    }

    private void WriteQueues(Utf8JsonWriter json)
    {
        json.WriteStartObject("handshakes");
        json.WriteNumber("waiting", seats.Sum(seat => seat.Worker.Handshakes.Waiting + seat.Places.Waiting));
        json.WriteNumber("limitPerClient", limits.HandshakesPerClient);
        json.WriteEndObject();
        json.WriteStartObject("questions");
        json.WriteNumber("held", seats.Sum(seat => seat.QuestionsHeld));
        json.WriteNumber("limitHeldPerPod", limits.HeldQuestions);
        json.WriteNumber("limitQueuedPerPod", limits.QuestionQueue);
        json.WriteNumber("refusalsNotTold", seats.Sum(seat => seat.RefusalsNotTold));
        json.WriteEndObject();
    }

    // The workers' own numbers, read from outside: each is a moment's.
    private void WriteTunnels(Utf8JsonWriter json)
    {
        json.WriteStartObject("restingTunnels");
        json.WriteNumber("used", seats.Sum(seat => seat.Tunnels.Resting));
        json.WriteNumber("limitPerWorker", limits.Tunnels.Resting);
        json.WriteNumber("limitPerPair", limits.Tunnels.RestingPerPair);
        json.WriteNumber("openedSoFar", seats.Sum(seat => seat.Tunnels.Opened));
        json.WriteEndObject();
    }

    private void WriteTimes(Utf8JsonWriter json)
    {
        json.WriteStartObject("milliseconds");
        json.WriteNumber("connect", (long)limits.Connect.TotalMilliseconds);
        json.WriteNumber("handshake", (long)limits.Handshake.TotalMilliseconds);
        json.WriteNumber("hold", (long)limits.Hold.TotalMilliseconds);
        json.WriteNumber("open", (long)limits.Open.TotalMilliseconds);
        json.WriteNumber("tunnelIdle", (long)limits.Tunnels.Idle.TotalMilliseconds);
        json.WriteNumber("requestHead", (long)limits.Http.HeadTimeout.TotalMilliseconds);
        json.WriteNumber("idle", (long)limits.Relay.Idle.TotalMilliseconds);
        json.WriteNumber("halfOpen", (long)limits.Relay.HalfOpen.TotalMilliseconds);
        json.WriteNumber("agePastExpiry", (long)limits.AgePastExpiry.TotalMilliseconds);
        json.WriteEndObject();
    }

    private void WriteRequests(Utf8JsonWriter json)
    {
        json.WriteStartObject("requests");
        json.WriteNumber("headBytes", limits.Http.MaxHeadBytes);
        json.WriteNumber("headers", limits.Http.MaxHeaders);
        json.WriteNumber("targetBytes", limits.Http.MaxTargetBytes);
        json.WriteEndObject();
    }
}
