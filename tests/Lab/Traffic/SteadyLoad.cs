using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Lab.Traffic;

/// <summary>
/// So many new connections a second by the clock, and so many that live as long as the load does: each new one says one line and
/// ends in order, each long one says line after line. What fails is printed as it fails, the sums at the end: of the
/// connections that were due, those that were made.
/// </summary>
internal sealed class SteadyLoad(IPEndPoint server, int rate, int standing, string stopFile) : IDisposable
{
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMilliseconds(20);

    /// <summary>New connections that are under way at once: a machine that is too busy for the rate makes fewer, and fails none for that.</summary>
    private const int Width = 32;

    private readonly SemaphoreSlim places = new(Width);
    private readonly CancellationTokenSource stop = new();
    private long due;
    private long done;
    private long failed;
    private long lines;
    private int upright;

    public const string Stands = "all long connections stand";

    public static async Task<int> RunAsync(string host, int rate, int standing, string stopFile)
    {
        using var load = new SteadyLoad(new IPEndPoint(IPAddress.Parse(host), TrafficPorts.Echo), rate, standing, stopFile);
        return await load.RunAsync();
    }

    public void Dispose()
    {
        stop.Dispose();
        places.Dispose();
    }

    private async Task<int> RunAsync()
    {
        var longOnes = Enumerable.Range(0, standing).Select(_ => TalkAsync()).ToArray();
        await Wait.UntilAsync(() => Volatile.Read(ref upright) == standing || Volatile.Read(ref failed) > 0, TrafficClient.ExchangeLimit);
        Console.WriteLine(Stands);
        var started = Stopwatch.GetTimestamp();
        var shortOnes = Task.Run(StartAllAsync);
        await Wait.UntilAsync(() => File.Exists(stopFile), TimeSpan.FromHours(2));
        await stop.CancelAsync();
        await Task.WhenAll(longOnes);
        await shortOnes;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"due {due} connections {done} lines {lines} failed {failed} seconds {Stopwatch.GetElapsedTime(started).TotalSeconds:F1}"));
        return failed == 0 ? 0 : 1;
    }

    /// <summary>Keeps to the rate; of what a busy machine has delayed, half a second's worth is made up for.</summary>
    private async Task StartAllAsync()
    {
        var (started, begun) = (Stopwatch.GetTimestamp(), 0L);
        while (!stop.IsCancellationRequested)
        {
            due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * rate);
            for (begun = Math.Max(begun, due - (rate / 2)); begun < due; begun++)
            {
                await places.WaitAsync();
                _ = Task.Run(SayInPlaceAsync);
            }

            await Task.Delay(BetweenStarts);
        }

        for (var place = 0; place < Width; place++)
        {
            await places.WaitAsync();
        }
    }

    private async Task SayInPlaceAsync()
    {
        await SayAsync();
        places.Release();
    }

    private Task SayAsync() => AttemptAsync(async connection =>
    {
        await EndAsync(connection, TrafficServer.NewId());
        Interlocked.Increment(ref done);
    });

    private Task TalkAsync() => AttemptAsync(async connection =>
    {
        var id = TrafficServer.NewId();
        for (var number = 0L; !stop.IsCancellationRequested; number++)
        {
            await ExchangeAsync(connection, id, number);
            if (number == 0)
            {
                Interlocked.Increment(ref upright);
            }

            await Task.Delay(BetweenLines);
        }

        await EndAsync(connection, id);
    });

    private async Task ExchangeAsync(TrafficConnection connection, ulong id, long number)
    {
        using var limit = new CancellationTokenSource(TrafficClient.ExchangeLimit);
        await connection.SendLineAsync(id, number, limit.Token);
        await connection.RequireLineAsync(id, number, limit.Token);
        Interlocked.Increment(ref lines);
    }

    private static async Task EndAsync(TrafficConnection connection, ulong id)
    {
        using var limit = new CancellationTokenSource(TrafficClient.ExchangeLimit);
        await connection.SendLineAsync(id, TrafficServer.LastLine, limit.Token);
        await connection.RequireLineAsync(id, TrafficServer.LastLine, limit.Token);
        connection.EndSending();
        await connection.RequireEndAsync(limit.Token);
        connection.Complete();
    }

    private async Task AttemptAsync(Func<TrafficConnection, Task> converse)
    {
        using var limit = new CancellationTokenSource(TrafficClient.ExchangeLimit);
        try
        {
            using var connection = await TrafficConnection.ConnectAsync(server, limit.Token);
            await converse(connection);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or TrafficFault)
        {
            Interlocked.Increment(ref failed);
            var text = fault is SocketException socket ? socket.SocketErrorCode.ToString() : fault.Message;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"FAILED at {TimeProvider.System.GetUtcNow():HH:mm:ss.fff}: {text}"));
        }
    }
}
