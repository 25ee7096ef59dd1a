using System.Net;
using System.Net.Sockets;
using Lab.Traffic;

namespace Proxy.Linux.Tests.Faults;

/// <summary>The fault loop's load must notice what must never happen.</summary>
public sealed class TrafficTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void A_stream_accepts_its_own_bytes_in_any_pieces()
    {
        var (sent, compared) = (new MarkedStream(42), new MarkedStream(42));
        while (sent.Position < 200_000)
        {
            var piece = sent.Next(1 + (sent.Position % 777));
            compared.Compare(piece.Span);
        }

        Assert.Equal(sent.Position, compared.Position);
    }

    [Fact]
    public void A_stream_refuses_the_bytes_of_another() =>
        Assert.Throws<TrafficFault>(() => new MarkedStream(1).Compare(new MarkedStream(2).Next(64).Span));

    [Fact]
    public void A_stream_refuses_lost_bytes()
    {
        var sent = new MarkedStream(1);
        sent.Next(64);

        Assert.Throws<TrafficFault>(() => new MarkedStream(1).Compare(sent.Next(64).Span));
    }

    [Fact]
    public void A_request_that_arrives_twice_is_told()
    {
        List<string> told = [];
        var requests = new CountedRequests(told.Add);

        requests.Answer("GET /counted/00000000000000ff HTTP/1.1");
        Assert.Empty(told);
        requests.Answer("GET /counted/00000000000000ff HTTP/1.1");

        Assert.Contains("twice", Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public void A_forbidden_request_that_arrives_is_told()
    {
        List<string> told = [];

        new CountedRequests(told.Add).Answer("GET /forbidden/00000000000000ff HTTP/1.1");

        Assert.Single(told);
    }

    [Fact]
    public void The_answer_to_another_request_is_a_fault()
    {
        var answer = System.Text.Encoding.ASCII.GetString(new CountedRequests(_ => { }).Answer("GET /counted/00000000000000ff HTTP/1.1"));

        Assert.Equal(TrafficRecord.Ok, AnswerReader.Judge(answer, 0xff));
        Assert.Throws<TrafficFault>(() => AnswerReader.Judge(answer, 0xfe));
    }

    [Fact]
    public async Task An_orderly_end_before_all_was_said_is_a_fault()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = await TrafficConnection.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Stop);
        using var server = new TrafficConnection(await listener.AcceptSocketAsync(Stop));
        await server.SendAsync(new MarkedStream(1).Next(100), Stop);
        server.EndSending();

        await Assert.ThrowsAsync<TrafficFault>(() => client.RequireAsync(new MarkedStream(1), 128, Stop));
    }

    [Fact]
    public async Task A_connection_that_is_dropped_in_mid_conversation_is_a_reset()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = await TrafficConnection.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Stop);
        new TrafficConnection(await listener.AcceptSocketAsync(Stop)).Dispose();

        await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(Stop));
    }

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        var record = new TrafficRecord(1, 2, "http", TrafficRecord.Cut, 3, Heard: true, "10.0.0.1 ConnectionReset");

        Assert.Equal(record, TrafficRecord.Parse(record.ToString()));
        Assert.Null(TrafficRecord.Parse("1 2 http"));
    }
}
