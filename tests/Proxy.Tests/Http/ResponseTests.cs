using Proxy.Http;

namespace Proxy.Tests.Http;

public sealed class ResponseTests
{
    private const string Get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\n\r\n3;ext=1\r\nabc\r\n0\r\nt: v\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: \u00e9\r\nContent-Length: 0\r\n\r\n")]
    public void After_a_whole_answer_the_next_request_goes_on(string answer)
    {
        var conversation = new Conversation().Client(Get + Get);
        Assert.True(conversation.IsWaiting);

        conversation.Serve(answer);

        Assert.Equal(answer, conversation.ToClient.ToString());
        Assert.Equal(Get + Get, conversation.ToServer.ToString());
        Assert.Single(conversation.Answers);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", GateFault.BareLineFeed)]
    [InlineData("HTTP/2 200 OK\r\n", GateFault.BadStatusLine)]
    [InlineData("HTTP/1.1 2x0 OK\r\n", GateFault.BadStatusLine)]
    [InlineData("HTTP/1.1 099 OK\r\n", GateFault.BadStatusLine)]
    [InlineData("HTTP/1.1 2000\r\n", GateFault.BadStatusLine)]
    [InlineData("HTTP/1.1  200\r\n", GateFault.BadStatusLine)]
    [InlineData("HTTP/1.1 200 a\rb\r\n", GateFault.BadStatusLine)]
    [InlineData("SSH-2.0-OpenSSH\r\n", GateFault.BadStatusLine)]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n", GateFault.BadStatusLine)]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", GateFault.FoldedHeader)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", GateFault.BadHeaderName)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", GateFault.RepeatedContentLength)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", GateFault.BadContentLength)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", GateFault.ContentLengthAndTransferEncoding)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", GateFault.BadTransferEncoding)]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", GateFault.BadTransferEncoding)]
    [InlineData("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", GateFault.BadTransferEncoding)]
    [InlineData("HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", GateFault.BadContentLength)]
    [InlineData("HTTP/1.1 100 No\r\nContent-Length: 1\r\n\r\n", GateFault.BadContentLength)]
    [InlineData("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", GateFault.UnaskedUpgrade)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz", GateFault.BadChunk)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n", GateFault.BadChunk)]
    public void A_malformed_answer_cuts_the_connection(string answer, object fault)
    {
        var conversation = new Conversation().Client(Get + Get).Serve(answer);

        Assert.True(conversation.IsCut);
        Assert.Equal(fault, conversation.Fault);
        Assert.Equal(Get, conversation.ToServer.ToString());
    }

    [Fact]
    public void Bytes_that_no_request_asked_for_cut_the_connection()
    {
        Assert.Equal(GateFault.UnsolicitedResponse, new Conversation().Serve("HTTP/1.1 408 Request Timeout\r\n\r\n").Fault);
        var idle = new Conversation().Client(Get).Serve(Ok).Serve("H");
        Assert.True(idle.IsCut);
    }

    [Fact]
    public void Bytes_behind_an_answer_end_the_connection_before_a_request_could_claim_them()
    {
        var conversation = new Conversation().Client(Get + Get).Serve(Ok + Ok);

        Assert.Equal(Ok, conversation.ToClient.ToString());
        Assert.Equal(Get, conversation.ToServer.ToString());
        Assert.True(conversation.ClientSawEnd);
        Assert.Equal(GateFault.UnsolicitedResponse, conversation.Fault);
    }

    [Fact]
    public void The_answer_to_HEAD_has_no_body()
    {
        var head = "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n";
        var conversation = new Conversation().Client(head + Get).Serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

        Assert.Equal(head + Get, conversation.ToServer.ToString());
    }

    [Fact]
    public void An_answer_without_framing_ends_with_the_connection()
    {
        var conversation = new Conversation().Client(Get + Get).Serve("HTTP/1.1 200 OK\r\n\r\nabc").Serve("def");
        Assert.True(conversation.IsWaiting);

        conversation.EndServer();

        Assert.EndsWith("abcdef", conversation.ToClient.ToString());
        Assert.True(conversation.ClientSawEnd);
        Assert.Equal(GateFault.None, conversation.Fault);
        Assert.Equal(Get, conversation.ToServer.ToString());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("HTTP/1.1 200", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", true)]
    public void An_end_within_an_answer_is_told_apart(string part, bool isPassedOn)
    {
        var conversation = new Conversation().Client(Get).Serve(part).EndServer();

        Assert.Equal(GateFault.ResponseTruncated, conversation.Fault);
        Assert.Equal(isPassedOn, conversation.ClientSawEnd);
        Assert.Equal(!isPassedOn, conversation.IsCut);
    }

    [Fact]
    public void A_websocket_becomes_opaque_only_after_101()
    {
        var upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
        var switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        var conversation = new Conversation().Client(upgrade + "\u0081\u0005hello");
        Assert.Equal(upgrade, conversation.ToServer.ToString());

        conversation.Serve(switching + "\u0081").Client("GET /denied").Serve("\0\r\n").EndClient().EndServer();

        Assert.Equal(upgrade + "\u0081\u0005helloGET /denied", conversation.ToServer.ToString());
        Assert.Equal(switching + "\u0081\0\r\n", conversation.ToClient.ToString());
        Assert.True(conversation.ServerSawEnd && conversation.ClientSawEnd);
        Assert.Equal(["101 GET /chat a"], conversation.Answers);
    }

    [Fact]
    public void A_websocket_that_the_server_declines_stays_judged()
    {
        var upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        var conversation = new Conversation().Client(upgrade + "GET /denied HTTP/1.1\r\nHost: a\r\n\r\n");

        conversation.Serve("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(upgrade, conversation.ToServer.ToString());
        Assert.Contains("403 Forbidden", conversation.ToClient.ToString());
    }

    [Fact]
    public void A_101_to_something_else_than_a_websocket_cuts_the_connection()
    {
        var upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        var conversation = new Conversation().Client(upgrade).Serve("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");

        Assert.Equal(GateFault.UnaskedUpgrade, conversation.Fault);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n", "h2c")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "websocket")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n", "websocket")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n", "websocket")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "websocket")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", "websocket")]
    public void An_upgrade_that_nobody_would_judge_may_be_asked_for_and_not_be_accepted(string request, string accepted)
    {
        var ignored = new Conversation().Client(request).Serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var upgraded = new Conversation().Client(request).Serve($"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: {accepted}\r\n\r\n");

        Assert.Equal(GateFault.None, ignored.Fault);
        Assert.Equal(GateFault.UnaskedUpgrade, upgraded.Fault);
    }
}
