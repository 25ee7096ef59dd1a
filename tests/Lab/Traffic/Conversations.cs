using System.Globalization;
using System.Text;

namespace Lab.Traffic;

/// <summary>The kinds of conversations, as the client leads them.</summary>
internal static class Conversations
{
    private const int RequestsPerConnection = 20;
    private const int IdleExchanges = 5;
    private const long UploadLines = 8 * 1024;
    private const long DownloadLines = 8 * 1024;

    /// <summary>More than the buffers of all sockets on the way hold.</summary>
    private const long StalledLines = 256 * 1024;

    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    /// <summary>Keep-alive HTTP: each request has a number of its own and is sent once.</summary>
    public static async Task AskAsync(Conversation conversation)
    {
        for (var number = 0; number < RequestsPerConnection; number++)
        {
            if (!await conversation.ExchangeAsync(limit => RequestAsync(conversation, CountedRequests.Allowed, limit)))
            {
                return;
            }

            await Task.Delay(BetweenRequests);
        }
    }

    public static Task AskForbiddenAsync(Conversation conversation) =>
        conversation.ExchangeAsync(limit => RequestAsync(conversation, CountedRequests.Forbidden, limit));

    public static Task SayAsync(Conversation conversation) => conversation.ExchangeAsync(async limit =>
    {
        await EchoAsync(conversation, 0, limit);
        await EchoLastAsync(conversation, limit);
    });

    /// <summary>The answer comes only after the client has ended its side.</summary>
    public static Task UploadAsync(Conversation conversation) => conversation.ExchangeAsync(async limit =>
    {
        var connection = conversation.Connection;
        const long bytes = UploadLines * MarkedLines.Length;
        await connection.SendLineAsync(conversation.Id, bytes, limit);
        await connection.SendAsync(new MarkedStream(conversation.Id), bytes, limit);
        connection.EndSending();
        await connection.RequireLineAsync(conversation.Id, bytes, limit);
        await connection.RequireEndAsync(limit);
        connection.Complete();
    });

    public static Task ListenAsync(Conversation conversation) => conversation.ExchangeAsync(async limit =>
    {
        var connection = conversation.Connection;
        var (id, _) = await connection.ReceiveLineAsync(limit) ?? throw new TrafficFault("an orderly end in place of a greeting");
        await connection.SendLineAsync(id, 1, limit);
        await connection.RequireLineAsync(id, 2, limit);
        connection.EndSending();
        await connection.RequireEndAsync(limit);
        connection.Complete();
    });

    public static Task DownloadAsync(Conversation conversation) =>
        conversation.ExchangeAsync(limit => DownloadAsync(conversation, DownloadLines * MarkedLines.Length, TimeSpan.Zero, limit));

    /// <summary>Reads nothing for a while, and then all.</summary>
    public static Task DownloadWithStallAsync(Conversation conversation) =>
        conversation.ExchangeAsync(limit => DownloadAsync(conversation, StalledLines * MarkedLines.Length, Silence, limit));

    /// <summary>A connection that stands, and says something now and then.</summary>
    public static async Task IdleAsync(Conversation conversation)
    {
        for (var number = 0; number < IdleExchanges && !conversation.IsEnding; number++)
        {
            var line = number;
            if (!await conversation.ExchangeAsync(limit => EchoAsync(conversation, line, limit)))
            {
                return;
            }

            await Task.Delay(Silence);
        }

        await conversation.ExchangeAsync(limit => EchoLastAsync(conversation, limit));
    }

    private static async Task EchoAsync(Conversation conversation, long number, CancellationToken limit)
    {
        await conversation.Connection.SendLineAsync(conversation.Id, number, limit);
        await conversation.Connection.RequireLineAsync(conversation.Id, number, limit);
    }

    private static async Task EchoLastAsync(Conversation conversation, CancellationToken limit)
    {
        await EchoAsync(conversation, TrafficServer.LastLine, limit);
        conversation.Connection.EndSending();
        await conversation.Connection.RequireEndAsync(limit);
        conversation.Connection.Complete();
    }

    private static async Task DownloadAsync(Conversation conversation, long bytes, TimeSpan silence, CancellationToken limit)
    {
        var connection = conversation.Connection;
        await connection.SendLineAsync(conversation.Id, bytes, limit);
        await Task.Delay(silence, limit);
        await connection.RequireAsync(new MarkedStream(conversation.Id), bytes, limit);
        connection.EndSending();
        connection.Complete();
    }

    private static async Task<string> RequestAsync(Conversation conversation, string path, CancellationToken limit)
    {
        var id = TrafficServer.NewId();
        var marker = Encoding.ASCII.GetString(MarkedLines.Marker);
        await conversation.Connection.SendAsync(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"GET {path}{id:x16} HTTP/1.1\r\nHost: {marker}\r\n\r\n")), limit);
        return await AnswerReader.ReadAsync(conversation.Connection, id, limit);
    }
}
