using Google.Protobuf.WellKnownTypes;
using Proxy.Telemetry.Filters;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>A request for flows, understood: where it starts, what it shows, where it ends.</summary>
internal sealed class FlowQuery
{
    private readonly FlowFilters _filters;
    private readonly FlowMask _mask;
    private readonly Timestamp? _since;
    private readonly Timestamp? _until;

    /// <exception cref="FilterFault">The request contradicts itself or asks for what is not supported.</exception>
    public FlowQuery(GetFlowsRequest request)
    {
        if (request.First && request.Follow)
            throw new FilterFault("first cannot be combined with follow");
        _filters = FlowFilters.Compile(request.Whitelist, request.Blacklist);
        _mask = FlowMask.Of(request.FieldMask);
        _since = request.Since;
        _until = request.Follow ? null : request.Until;
        IsFollowing = request.Follow;
        Limit = request.Follow || request.Number == 0 ? ulong.MaxValue : request.Number;
        Rewind = request.Number;
        IsFirst = request.First;
    }

    public bool IsFollowing { get; }

    /// <summary>How many flows end the answer.</summary>
    public ulong Limit { get; }

    private ulong Rewind { get; }

    private bool IsFirst { get; }

    public bool Shows(Flow flow) =>
        (_since is null || flow.Time.CompareTo(_since) >= 0) && _filters.Matches(flow);

    public bool EndsBefore(Flow flow) => _until is not null && flow.Time.CompareTo(_until) > 0;

    public GetFlowsResponse Answer(Flow flow)
    {
        var masked = _mask.Apply(flow);
        return new GetFlowsResponse { Flow = masked, NodeName = masked.NodeName, Time = masked.Time };
    }

    /// <summary>The number of the record to read first.</summary>
    public long FindStart(FlowCursor cursor)
    {
        var (oldest, next) = (cursor.Oldest, cursor.Next);
        if (IsFirst || _since is not null)
            return oldest;
        if (Rewind == 0)
            return IsFollowing ? next : oldest;
        return RewindFrom(next, cursor);
    }

    private long RewindFrom(long next, FlowCursor cursor)
    {
        var missing = Rewind;
        var start = next;
        while (missing > 0 && cursor.Read(start - 1, out var flow) == FlowReadResult.Read)
        {
            start--;
            if (!EndsBefore(flow!) && _filters.Matches(flow!))
                missing--;
        }

        return start;
    }
}
