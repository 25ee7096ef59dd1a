using Proxy.Http;
using Proxy.Policy;

namespace Proxy.Tests.Http;

public sealed class GateAllocationTests
{
    [Fact]
    public void A_request_allocates_nothing()
    {
        var gate = new RequestGate(new Judge(), GateLimits.Default);
        Exchange(gate, 100);
        // The runtime allocates here when it replaces a method by its compiled form: what is ours is in every round.
        Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => Measure(gate)));
    }

    private static long Measure(RequestGate gate)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(gate, 2_000);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void Exchange(RequestGate gate, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Send(gate, "GET /v1/request-landing?x=1 HTTP/1.1\r\nHost: deathstar\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"u8);
            Answer(gate, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"u8);
            Send(gate, "POST /v1 HTTP/1.1\r\nHost: deathstar\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"u8);
            Answer(gate, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"u8);
            var refusal = gate.Inspect("PUT /denied HTTP/1.1\r\nHost: deathstar\r\n\r\n"u8);
            if (refusal.Action != GateAction.Respond || refusal.Answer.IsEmpty)
                throw new InvalidOperationException();
        }
    }

    private static void Send(RequestGate gate, ReadOnlySpan<byte> request)
    {
        if (gate.Inspect(request).Count != request.Length)
            throw new InvalidOperationException();
    }

    private static void Answer(RequestGate gate, ReadOnlySpan<byte> response)
    {
        if (gate.InspectResponse(response).Count != response.Length || !gate.ResponsePassed())
            throw new InvalidOperationException();
    }

    private sealed class Judge : IRequestJudge
    {
        private int _status;

        public RequestVerdict Decide(in RequestHead request) => new(!request.Target.SequenceEqual("/denied"u8), null);

        public void Answered(in RequestHead request, ushort status) => _status += status;

        public override string ToString() => $"{_status}";
    }
}
