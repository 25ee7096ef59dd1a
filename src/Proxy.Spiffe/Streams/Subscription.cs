using Grpc.Core;

namespace Proxy.Spiffe.Streams;

/// <summary>
/// One stream of full states, opened again with back-off whenever it ends. What was received stays in force in the
/// meantime, also when the source refuses us as its delegate: that says nothing about the workloads, and SVIDs end by
/// themselves.
/// </summary>
internal sealed class Subscription<TResponse>(
    string subject,
    TimeProvider time,
    Func<CancellationToken, AsyncServerStreamingCall<TResponse>> open,
    Func<TResponse, string?> apply,
    Action<string, string?> report)
{
    /// <summary>How long one stream lives; a new one tells of removals that an old one may keep to itself.</summary>
    public TimeSpan MaximumAge { get; init; } = Timeout.InfiniteTimeSpan;

    public async Task RunAsync(CancellationToken stop)
    {
        var backOff = new BackOff(time);
        while (!stop.IsCancellationRequested)
        {
            var fault = await ReadAsync(backOff, stop);
            if (stop.IsCancellationRequested)
                return;
            if (fault is null)
                continue;
            report(subject, fault);
            await backOff.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads one stream to its end; gives why it ended, or null if it was time for a new one.</summary>
    private async Task<string?> ReadAsync(BackOff backOff, CancellationToken stop)
    {
        using var age = new CancellationTokenSource(MaximumAge, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, age.Token);
        try
        {
            using var call = open(both.Token);
            await foreach (var response in call.ResponseStream.ReadAllAsync(both.Token))
            {
                var fault = apply(response);
                report(subject, fault);
                backOff.Reset();
            }

            return "the stream ended";
        }
        catch (Exception e) when (both.IsCancellationRequested && e is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
        catch (RpcException e)
        {
            return $"{e.StatusCode}: {e.Status.Detail}";
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug in reading one answer must not end the flow of identities.
            return $"unexpected {e.GetType().Name}: {e.Message}";
        }
    }
}
