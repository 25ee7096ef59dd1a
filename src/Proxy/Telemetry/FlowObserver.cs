using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Proxy.Telemetry.Filters;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>What the observer says about the daemon.</summary>
internal sealed record ServerInfo(string Version);

/// <summary>
/// Hubble's observer API over the ring. A client that reads slowly is held back by its own stream and
/// loses flows in the ring; it never makes the daemon keep more.
/// </summary>
internal sealed class FlowObserver(FlowRing ring, ServerInfo info, CancellationToken stopping) : Observer.ObserverBase
{
    public override async Task GetFlows(
        GetFlowsRequest request, IServerStreamWriter<GetFlowsResponse> responseStream, ServerCallContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        try
        {
            await SendAsync(new FlowQuery(request), responseStream, stop.Token);
        }
        catch (FilterFault fault)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, fault.Message));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "node-proxy is shutting down"));
        }
    }

    public override Task<GetNamespacesResponse> GetNamespaces(GetNamespacesRequest request, ServerCallContext context)
    {
        var response = new GetNamespacesResponse();
        response.Namespaces.AddRange(FlowStatistics.RecentNamespaces(ring)
            .Select(name => new Namespace { Cluster = FlowMapping.ClusterName, Namespace_ = name }));
        return Task.FromResult(response);
    }

    public override Task<ServerStatusResponse> ServerStatus(ServerStatusRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerStatusResponse
        {
            NumFlows = (ulong)Math.Min(ring.Next, ring.Capacity),
            MaxFlows = (ulong)ring.Capacity,
            SeenFlows = (ulong)ring.Next,
            UptimeNs = (ulong)ring.Uptime.Ticks * TimeSpan.NanosecondsPerTick,
            Version = info.Version,
            FlowsRate = FlowStatistics.Rate(ring),
        });

    private async Task SendAsync(
        FlowQuery query, IServerStreamWriter<GetFlowsResponse> stream, CancellationToken stop)
    {
        var cursor = new FlowCursor(ring);
        var end = query.IsFollowing ? long.MaxValue : cursor.Next;
        var position = query.FindStart(cursor);
        for (ulong sent = 0; sent < query.Limit && position < end;)
        {
            switch (cursor.Read(position, out var flow))
            {
                case FlowReadResult.End:
                    await ring.WaitAsync(position, stop);
                    break;
                case FlowReadResult.Overrun:
                    position = await TellLossAsync(position, stream, stop);
                    break;
                default:
                    position++;
                    if (query.EndsBefore(flow!))
                        return;
                    if (!query.Shows(flow!))
                        break;
                    await stream.WriteAsync(query.Answer(flow!), stop);
                    sent++;
                    break;
            }
        }
    }

    private async Task<long> TellLossAsync(
        long position, IServerStreamWriter<GetFlowsResponse> stream, CancellationToken stop)
    {
        var oldest = ring.Oldest;
        ring.CountLost(oldest - position);
        await stream.WriteAsync(
            new GetFlowsResponse
            {
                LostEvents = new LostEvent
                {
                    Source = LostEventSource.HubbleRingBuffer,
                    NumEventsLost = (ulong)(oldest - position),
                },
                NodeName = ring.NodeName,
                Time = Timestamp.FromDateTimeOffset(ring.Time.GetUtcNow()),
            },
            stop);
        return oldest;
    }
}
