using System.Net;

namespace Lab.Traffic;

/// <summary>Talks to a server in all kinds of conversations at once until a file appears, and prints a record of every exchange.</summary>
internal sealed class TrafficClient(IReadOnlyList<IPAddress> servers, string stopFile) : IDisposable
{
    /// <summary>No exchange takes longer: what did not come by then counts as lost, and the connection is reset.</summary>
    public static readonly TimeSpan ExchangeLimit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource stop = new();
    private int turn;

    /// <summary>Returns once every exchange under way has ended.</summary>
    public static async Task<int> RunAsync(IEnumerable<string> addresses, string stopFile)
    {
        using var client = new TrafficClient([.. addresses.Select(IPAddress.Parse)], stopFile);
        await Task.WhenAll(client.Kinds().Append(client.AwaitStopAsync()));
        return 0;
    }

    public void Dispose() => stop.Dispose();

    private IEnumerable<Task> Kinds()
    {
        yield return RepeatAsync("http", TrafficPorts.Http, Conversations.AskAsync);
        yield return RepeatAsync("short", TrafficPorts.Echo, Conversations.SayAsync);
        yield return RepeatAsync("short", TrafficPorts.Echo, Conversations.SayAsync);
        yield return RepeatAsync("half-close", TrafficPorts.Upload, Conversations.UploadAsync);
        yield return RepeatAsync("server-first", TrafficPorts.ServerFirst, Conversations.ListenAsync);
        yield return RepeatAsync("download", TrafficPorts.Download, Conversations.DownloadAsync);
        yield return RepeatAsync("stalled", TrafficPorts.Download, Conversations.DownloadWithStallAsync);
        yield return RepeatAsync("idle", TrafficPorts.Echo, Conversations.IdleAsync);
        yield return RepeatAsync(TrafficRecord.Forbidden, TrafficPorts.Http, Conversations.AskForbiddenAsync);
    }

    private async Task AwaitStopAsync()
    {
        await Wait.UntilAsync(() => File.Exists(stopFile), TimeSpan.FromHours(2));
        await stop.CancelAsync();
    }

    private async Task RepeatAsync(string kind, int port, Func<Conversation, Task> converse)
    {
        while (!stop.IsCancellationRequested)
        {
            var server = new IPEndPoint(servers[(int)((uint)Interlocked.Increment(ref turn) % servers.Count)], port);
            using var conversation = new Conversation(kind, server, stop.Token);
            await converse(conversation);
            await Task.Delay(Pause);
        }
    }
}
