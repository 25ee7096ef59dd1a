using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Lab.Traffic;

/// <summary>One connection of a client: its exchanges one after another, each within the limit, each ending in one record.</summary>
internal sealed class Conversation(string kind, IPEndPoint server, CancellationToken stop) : IDisposable
{
    private readonly long begun = Now();
    private TrafficConnection? connection;

    public ulong Id { get; } = TrafficServer.NewId();

    /// <summary>The client wants to end: no further exchange is begun.</summary>
    public bool IsEnding => stop.IsCancellationRequested;

    public TrafficConnection Connection => connection!;

    /// <summary>One exchange. The first includes the connecting.</summary>
    /// <returns>False: the conversation is over.</returns>
    public async Task<bool> ExchangeAsync(Func<CancellationToken, Task<string>> exchange)
    {
        using var limit = new CancellationTokenSource(TrafficClient.ExchangeLimit);
        var (time, started) = (Now(), Stopwatch.GetTimestamp());
        var (result, detail) = (TrafficRecord.Ok, "");
        try
        {
            connection ??= await TrafficConnection.ConnectAsync(server, limit.Token);
            result = await exchange(limit.Token);
        }
        catch (SocketException fault)
        {
            (result, detail) = (TrafficRecord.Cut, fault.SocketErrorCode.ToString());
        }
        catch (OperationCanceledException)
        {
            result = TrafficRecord.Late;
        }
        catch (TrafficFault fault)
        {
            (result, detail) = (TrafficRecord.Wrong, fault.Message);
        }

        var took = (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        Console.WriteLine(new TrafficRecord(begun, time, kind, result, took, connection?.HasHeard == true, $"{server.Address} {detail}"));
        return result is TrafficRecord.Ok or TrafficRecord.Refused;
    }

    /// <summary>An exchange that has no other good end.</summary>
    public Task<bool> ExchangeAsync(Func<CancellationToken, Task> exchange) => ExchangeAsync(async limit =>
    {
        await exchange(limit);
        return TrafficRecord.Ok;
    });

    public void Dispose() => connection?.Dispose();

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
}
