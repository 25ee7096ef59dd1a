using Grpc.Core;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>The answer of one server, one flow ahead.</summary>
internal sealed class FlowSource : IDisposable
{
    private readonly AsyncServerStreamingCall<GetFlowsResponse> _call;
    private readonly ObserverClient _client;
    private readonly CancellationToken _stop;

    public FlowSource(ObserverClient client, GetFlowsRequest request, CancellationToken stop)
    {
        _client = client;
        _stop = stop;
        _call = client.Stub.GetFlows(request, cancellationToken: stop);
        Pending = ReadAsync();
    }

    /// <summary>Completes with whether <see cref="Head"/> holds the next flow; false is the end or a failure.</summary>
    public Task<bool> Pending { get; private set; }

    public GetFlowsResponse Head => _call.ResponseStream.Current;

    public string Server => _client.Server;

    public RpcException? Failure { get; private set; }

    public void Advance() => Pending = ReadAsync();

    public void Dispose() => _call.Dispose();

    private async Task<bool> ReadAsync()
    {
        try
        {
            return await _call.ResponseStream.MoveNext(_stop);
        }
        catch (RpcException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
        catch (RpcException failure)
        {
            Failure = failure;
            return false;
        }
    }
}
