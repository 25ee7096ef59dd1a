using Grpc.Core;

namespace Proxy.Spiffe.Streams;

/// <summary>
/// One stream of full states, opened again with back-off whenever it ends. What was received stays in force in the
/// meantime, unless the status says that it does not; SVIDs end by themselves.
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

    /// <summary>What an end means.</summary>
    public Func<StatusCode, StreamEnd> EndOf { get; init; } = StreamEnds.OfDelegate;

    /// <summary>Nothing that was received holds any longer.</summary>
    public Action Withdraw { get; init; } = () => { };

    public async Task RunAsync(CancellationToken stop)
    {
        var backOff = new BackOff(time);
        while (!stop.IsCancellationRequested)
        {
            var (fault, end) = await ReadAsync(backOff, stop);
            if (stop.IsCancellationRequested)
                return;
            if (fault is null)
                continue;
            if (end == StreamEnd.Withdraw)
                Withdraw();
            report(subject, end == StreamEnd.GiveUp ? $"{fault}; not asked again" : fault);
            if (end == StreamEnd.GiveUp)
                return;
            await backOff.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads one stream to its end; gives why it ended, or null if it was time for a new one.</summary>
    private async Task<(string? Fault, StreamEnd End)> ReadAsync(BackOff backOff, CancellationToken stop)
    {
        using var age = new CancellationTokenSource(MaximumAge, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, age.Token);
        var opened = time.GetTimestamp();
        var hasSpoken = false;
        try
        {
            using var call = open(both.Token);
            await foreach (var response in call.ResponseStream.ReadAllAsync(both.Token))
            {
                var fault = apply(response);
                report(subject, fault);
                hasSpoken = true;
            }

            return ("the stream ended", StreamEnd.Keep);
        }
        catch (Exception e) when (both.IsCancellationRequested && e is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            return (null, StreamEnd.Keep);
        }
        catch (RpcException e)
        {
            return ($"{e.StatusCode}: {DetailOf(e.Status)}", EndOf(e.StatusCode));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug in reading one answer must not end the flow of identities.
            return ($"unexpected {e.GetType().Name}: {e.Message}", StreamEnd.Keep);
        }
        finally
        {
            // Who says one thing and hangs up, over and over, is not asked ten times a second.
            if (hasSpoken && time.GetElapsedTime(opened) >= BackOff.Longest)
                backOff.Reset();
        }
    }

    // Of a connection that was not made gRPC names all the exceptions, and a host where there is none; the cause says it all.
    private static string DetailOf(Status status) =>
        status.DebugException is HttpRequestException { InnerException: { } cause } ? cause.Message : status.Detail;
}
