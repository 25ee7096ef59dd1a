using Grpc.Core;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>Answers the standard health question for the server and for Hubble's name of the observer.</summary>
internal sealed class ObserverHealth(CancellationToken stopping) : Health.HealthBase
{
    private static readonly HealthCheckResponse Serving = new() { Status = HealthCheckResponse.Types.ServingStatus.Serving };

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        IsKnown(request)
            ? Task.FromResult(Serving)
            : throw new RpcException(new Status(StatusCode.NotFound, $"unknown service '{request.Service}'"));

    /// <summary>The observer serves for as long as it exists, so there is one answer and then the end.</summary>
    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        var status = IsKnown(request)
            ? Serving
            : new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown };
        await responseStream.WriteAsync(status, stop.Token);
        await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
    }

    private static bool IsKnown(HealthCheckRequest request) =>
        request.Service is "" or "hubble.server.Observer" or "observer.Observer";
}
