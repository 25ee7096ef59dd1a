using Proxy.Http;

namespace Proxy.Tests.Http;

public sealed class SmugglingTests
{
    private const string Post = "POST /ok HTTP/1.1\r\nHost: a\r\n";
    private const string Hidden = "GET /denied HTTP/1.1\r\nHost: a\r\n\r\n";

    [Theory]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG")] // CL.TE
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n")] // TE.CL
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n")] // TE.TE
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n")]
    [InlineData("Transfer-Encoding: Chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding: identity\r\n\r\n")]
    [InlineData("Transfer-Encoding: \"chunked\"\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked;q=1\r\n\r\n")]
    [InlineData("Transfer-Encoding:\tchunked\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\t\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\u000b\r\n\r\n")]
    [InlineData("Transfer-Encoding: \u000bchunked\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n")]
    [InlineData(" Transfer-Encoding: chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding\r\n: chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding:\r\n chunked\r\n\r\n")]
    [InlineData("X: y\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("X: y\rTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("X: y\r\rTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("Transfer_Encoding: chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding:\r\n\r\n")]
    [InlineData("Foo: bar\r\n\rTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("Content-Length: 0\r\nContent-Length: 44\r\n\r\n")]
    [InlineData("Content-Length: 0, 44\r\n\r\n")]
    [InlineData("Content-Length: 44\u00a0\r\n\r\n")]
    [InlineData("Content-Length: 4 4\r\n\r\n")]
    [InlineData("Content-Length\u0000: 44\r\n\r\n")]
    [InlineData("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void A_disguised_framing_reaches_no_server(string headers)
    {
        var conversation = new Conversation().Client(Post + headers + Hidden);

        Assert.StartsWith("HTTP/1.1 400 ", conversation.ToClient.ToString());
        Assert.True(conversation.IsClosed);
        Assert.Equal("", conversation.ToServer.ToString());
    }

    [Theory]
    [InlineData("G\r\n")]
    [InlineData("\r\n")]
    [InlineData(" 1\r\nx\r\n")]
    [InlineData("1 \r\nx\r\n")]
    [InlineData("+1\r\nx\r\n")]
    [InlineData("-1\r\nx\r\n")]
    [InlineData("0x1\r\nx\r\n")]
    [InlineData("1\nx\r\n")]
    [InlineData("1\rx\r\n")]
    [InlineData("1\r\nxy\r\n")]
    [InlineData("1\r\nx\n")]
    [InlineData("1\r\nx\ry")]
    [InlineData("1;a\r\nx\r\n")]
    [InlineData("1;\nx\r\n")]
    [InlineData("1;a=\"\n\"\r\nx\r\n")]
    [InlineData("100000001\r\nx\r\n")]
    [InlineData("80000000\r\nx\r\n")]
    [InlineData("FFFFFFFFFFFFFFFF\r\n")]
    [InlineData("10000000000000001\r\nx\r\n")]
    [InlineData("0\r\nx\r\n\r\n")]
    [InlineData("0\r\n: x\r\n\r\n")]
    [InlineData("0\r\n x: y\r\n\r\n")]
    [InlineData("0\r\nx : y\r\n\r\n")]
    [InlineData("0\r\nx: y\n\r\n")]
    [InlineData("0\r\nx: \u0000\r\n\r\n")]
    [InlineData("0\r\nx: y\r\n z\r\n\r\n")]
    [InlineData("0\r\n\rX")]
    [InlineData("0\n\r\n")]
    public void A_malformed_chunk_is_refused_and_the_server_reset(string body)
    {
        var conversation = new Conversation().Client(Post + "Transfer-Encoding: chunked\r\n\r\n" + body + Hidden);

        Assert.StartsWith("HTTP/1.1 400 ", conversation.ToClient.ToString());
        Assert.True(conversation.IsServerReset);
        Assert.Single(conversation.Judged);
        Assert.DoesNotContain("/denied", conversation.ToServer.ToString());
    }

    [Theory]
    [InlineData("0\r\n\r\n")]
    [InlineData("000\r\n\r\n")]
    [InlineData("1\r\nx\r\n0\r\n\r\n")]
    [InlineData("a\r\n0123456789\r\nA\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\nx: y\r\nz:\r\n\r\n")]
    public void A_well_formed_chunked_body_passes_and_the_next_request_is_judged(string body)
    {
        var request = Post + "Transfer-Encoding: chunked\r\n\r\n" + body;
        var conversation = new Conversation().Client(request + Hidden);

        Assert.Equal(request, conversation.ToServer.ToString());
        Assert.True(conversation.IsWaiting);
        conversation.Serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(2, conversation.Judged.Count);
        Assert.Contains("403", conversation.ToClient.ToString());
        Assert.Equal(request, conversation.ToServer.ToString());
    }

    [Fact]
    public void A_request_in_the_body_of_a_refused_one_is_discarded_with_it()
    {
        var conversation = new Conversation().Client("POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nGET /ok HTGET /next HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal("GET /next HTTP/1.1\r\nHost: a\r\n\r\n", conversation.ToServer.ToString());
        Assert.Equal(2, conversation.Judged.Count);
    }

    [Fact]
    public void A_broken_chunk_behind_a_begun_answer_cuts_the_connection()
    {
        var conversation = new Conversation().Client(Post + "Transfer-Encoding: chunked\r\n\r\n");
        conversation.Serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").Client("zz");

        Assert.True(conversation.IsCut);
        Assert.Equal(GateFault.BadChunk, conversation.Fault);
        Assert.DoesNotContain("400", conversation.ToClient.ToString());
    }
}
