using Proxy.Http;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Http;

/// <summary>Requests and answers through a gated relay.</summary>
public sealed class GatedRelayTests : GatedRelayStage
{
    [Fact]
    public async Task Requests_of_one_connection_are_judged_one_by_one()
    {
        var rig = await ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            Exchange(rig, "/a");
            rig.Client.Send(Get("/denied"));
            rig.Client.Expect(Denied);
        }

        rig.Client.Send("HEAD /denied HTTP/1.1\r\nHost: a\r\n\r\n");
        rig.Client.Expect(Denied[..^"Access denied\r\n".Length]);
        Exchange(rig, "/b");
        await EndAsync(rig);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        var rig = await ConnectAsync();
        rig.Client.Send(Get("/1") + Get("/denied") + Get("/2") + Get("/denied") + Get("/denied"));
        rig.Server.Expect(Get("/1"));
        rig.Server.Send(Ok);
        rig.Client.Expect(Ok + Denied);
        rig.Server.Expect(Get("/2"));
        rig.Server.Send(Ok);
        rig.Client.Expect(Ok + Denied + Denied);
        await EndAsync(rig);
    }

    [Fact]
    public async Task A_policy_change_between_two_requests_judges_the_second()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        _judge.Denied = "/a";
        rig.Client.Send(Get("/a"));
        rig.Client.Expect(Denied);
        _judge.Denied = "/denied";
        Exchange(rig, "/a");
        await EndAsync(rig);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_body_passes_whole(bool isChunked)
    {
        var rig = await ConnectAsync();
        var body = new string('x', 10 * 1024 * 1024);
        var request = isChunked
            ? $"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{Chunked(body)}"
            : $"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        var sending = Patience.OnThread(() => rig.Client.Send(request));
        await Patience.OnThread(() => rig.Server.Expect(request));
        await sending;
        var response = $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Chunked(body)}";
        var answering = Patience.OnThread(() => rig.Server.Send(response));
        await Patience.OnThread(() => rig.Client.Expect(response));
        await answering;
        Exchange(rig, "/next");
        await EndAsync(rig);
    }

    [Fact]
    public async Task A_client_that_ends_after_its_request_gets_its_answer()
    {
        var rig = await ConnectAsync();
        rig.Client.Send(Get("/a"));
        rig.Client.End();
        Assert.Equal(Get("/a"), rig.Server.ReceiveToEnd());
        rig.Server.Send(Ok);
        Assert.Equal(Ok, rig.Client.ReceiveToEnd());
        rig.Server.End();
        Assert.True(await rig.Relay);
    }

    [Fact]
    public async Task A_server_that_ignores_the_clients_end_does_not_keep_the_connection()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        rig.Client.End();
        rig.Client.ExpectEnd();
        rig.Server.ExpectEnd();
        await LingerAsync();
        await rig.Relay;
    }

    [Fact]
    public async Task After_an_upgrade_bytes_are_nobodys_business()
    {
        var rig = await ConnectAsync();
        const string upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        const string switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        rig.Client.Send(upgrade);
        rig.Server.Expect(upgrade);
        rig.Server.Send(switched + "\x01\x02hello");
        rig.Client.Expect(switched + "\x01\x02hello");
        rig.Client.Send("\xff\xfe" + Get("/denied"));
        rig.Server.Expect("\xff\xfe" + Get("/denied"));
        rig.Server.End();
        rig.Client.ExpectEnd();
        await LingerAsync();
        rig.Client.Send("the other half stays open");
        rig.Client.End();
        Assert.Equal("the other half stays open", rig.Server.ReceiveToEnd());
        Assert.True(await rig.Relay);
    }

    [Fact]
    public async Task After_an_upgrade_a_reset_by_the_server_resets_the_client()
    {
        var rig = await ConnectAsync();
        rig.Client.Send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        rig.Server.Receive(new byte[512]);
        const string switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        rig.Server.Send(switched);
        rig.Client.Expect(switched);
        rig.Server.Reset();
        rig.Client.ExpectReset();
        Assert.False(await rig.Relay);
    }

    [Fact]
    public async Task What_is_not_well_formed_gets_400_even_from_a_client_that_keeps_sending()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        var sending = Patience.OnThread(() => rig.Client.Send("BAD\r\n\r\n" + new string('x', 4 * 1024 * 1024)));
        await sending;
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", rig.Client.ReceiveToEnd(), StringComparison.Ordinal);
        rig.Server.ExpectEnd();
        rig.Server.End();
        rig.Client.End();
        Assert.True(await rig.Relay);
        Assert.NotEqual(GateFault.None, rig.Gated.Fault);
    }

    [Fact]
    public async Task A_client_that_stays_after_its_400_is_let_go_when_the_linger_ends()
    {
        var rig = await ConnectAsync();
        rig.Client.Send("BAD\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", rig.Client.ReceiveToEnd(), StringComparison.Ordinal);
        rig.Server.ExpectEnd();
        await LingerAsync();
        Assert.False(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_body_that_breaks_off_resets_the_server_and_answers_400()
    {
        var rig = await ConnectAsync();
        rig.Client.Send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz");
        var received = rig.Server.ReceiveText(64);
        Assert.StartsWith("POST /a", received, StringComparison.Ordinal);
        rig.Client.Send("\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", rig.Client.ReceiveToEnd(), StringComparison.Ordinal);
        rig.Server.ExpectReset();
        rig.Client.End();
        Assert.True(await rig.Relay);
    }
}
