using Grpc.Core;
using Microsoft.Extensions.Hosting;

namespace Proxy.Issuer;

/// <summary>The life of a stream of full states: it goes on until the client has gone, is refused, or the issuer stops.</summary>
internal sealed class StreamLoop(TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <summary>Runs one step after another.</summary>
    /// <exception cref="RpcException">A step refused, or the issuer stops.</exception>
    public async Task RunAsync(ServerCallContext context, Func<CancellationToken, Task> step)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            while (true)
                await step(stop.Token);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the issuer is stopping"));
        }
    }

    /// <summary>Waits for one of the signals, at most so long.</summary>
    public async Task WaitAsync(TimeSpan longest, CancellationToken stop, params Task[] signals)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny([.. signals, Task.Delay(longest, time, ended.Token)]);
        await ended.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }
}
