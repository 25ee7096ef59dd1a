using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Policy;
using Proxy.Telemetry;

namespace Proxy;

/// <summary>Judges each request of one connection by the rules in force when it comes, and tells the flow ring.</summary>
internal sealed class RequestJudge(LiveConnection connection, FlowRing flows, TimeProvider time) : IRequestJudge
{
    private long _decidedAt;
    private Direction _side = Direction.Ingress;

    public RequestVerdict Decide(in RequestHead request)
    {
        _decidedAt = time.GetTimestamp();
        // Without rules any more, after a policy change, every well-formed request passes.
        var verdict = connection.Http?.Decide(request.Facts, out _side) ?? new RequestVerdict(true, null);
        var shown = verdict.Audited ? FlowVerdict.Audit : verdict.IsAllowed ? FlowVerdict.Forwarded : FlowVerdict.Dropped;
        Write(FlowKind.HttpRequest, shown, request, 0, verdict.Actions);
        if (!verdict.IsAllowed)
            Write(FlowKind.HttpResponse, FlowVerdict.Forwarded, request, 403);
        return verdict;
    }

    public bool OnlyWatches => connection.OnlyWatched;

    public bool RefusesTrailers => connection.Http is { LooksAtHeaders: true } && !connection.OnlyWatched;

    // If the rules come to be enforced later, the connection is one without a gate.
    public bool MayPassUnread()
    {
        if (connection.OnlyWatched)
            connection.HasGate = false;
        return connection.OnlyWatched;
    }

    public void Answered(in RequestHead request, ushort status) =>
        Write(FlowKind.HttpResponse, FlowVerdict.Forwarded, request, status);

    private void Write(FlowKind kind, FlowVerdict verdict, in RequestHead request, ushort status, HeaderActions actions = default) => flows.Write(new FlowEvent
    {
        Kind = kind,
        Verdict = verdict,
        Direction = _side,
        Source = ConnectionFlows.EndOf(connection.Parties.Client),
        Destination = ConnectionFlows.EndOf(connection.Parties.Server, connection.Parties),
        Method = request.Method,
        Target = request.Target,
        Host = request.Host,
        HttpProtocol = request.MinorVersion == 0 ? "HTTP/1.0" : null,
        StatusCode = status,
        HeaderActions = actions,
        Latency = kind == FlowKind.HttpResponse ? time.GetElapsedTime(_decidedAt) : default,
    });
}
