using Proxy.Http;

namespace Proxy.Tests.Http;

public sealed class GateLimitsTests
{
    private const string Chunked = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static readonly GateLimits Small = new()
    {
        MaxHeadBytes = 200,
        MaxHeaders = 4,
        MaxTargetBytes = 50,
        MaxChunkLineBytes = 6,
        MaxTrailerBytes = 20,
        MaxResponseHeadBytes = 100,
        MaxDiscardedBytes = 30,
    };

    [Theory]
    [InlineData(199, "")]
    [InlineData(200, "")]
    [InlineData(201, "431")]
    [InlineData(300, "431")]
    public void Head(int length, string status)
    {
        var start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        Expect(status, start + new string('x', length - start.Length - 4) + "\r\n\r\n");
    }

    [Fact]
    public void A_head_that_never_ends_is_refused_when_the_limit_is_reached()
    {
        var start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        var conversation = new Conversation(Small).Client(start + new string('x', 199 - start.Length));
        Assert.False(conversation.IsClosed);
        Assert.Equal(GateFault.HeadTooLarge, conversation.Client("x").Fault);
        Assert.Equal(GateFault.TooManyHeaders, new Conversation(Small).Client("GET / HTTP/1.1\r\nHost: a\r\n" + "X: y\r\nX: y\r\nX: y\r\nX: y\r\n").Fault);
        Assert.Equal(GateFault.TargetTooLong, new Conversation(Small).Client("GET /" + new string('x', 195)).Fault);
    }

    [Theory]
    [InlineData(3, "")]
    [InlineData(4, "")]
    [InlineData(5, "431")]
    public void Headers(int count, string status) =>
        Expect(status, "GET / HTTP/1.1\r\nHost: a\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", count - 1)) + "\r\n");

    [Theory]
    [InlineData(49, "")]
    [InlineData(50, "")]
    [InlineData(51, "414")]
    public void Target(int length, string status) =>
        Expect(status, $"GET /{new string('x', length - 1)} HTTP/1.1\r\nHost: a\r\n\r\n");

    [Theory]
    [InlineData("00000", GateFault.None)]
    [InlineData("000000", GateFault.None)]
    [InlineData("0000000", GateFault.ChunkLineTooLong)]
    public void Chunk_line_of_a_request(string line, object fault) =>
        Assert.Equal(fault, new Conversation(Small).Client(Chunked + line + "\r\n\r\n").Fault);

    [Theory]
    [InlineData("0;abc", GateFault.None)]
    [InlineData("0;abcd", GateFault.None)]
    [InlineData("0;abcde", GateFault.ChunkLineTooLong)]
    public void Chunk_line_of_a_response(string line, object fault) =>
        Assert.Equal(fault, new Conversation(Small).Client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").Serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + line + "\r\n\r\n").Fault);

    [Theory]
    [InlineData("x:y\r\n", GateFault.None)]
    [InlineData("x y\r\n", GateFault.BadTrailer)]
    [InlineData(":y\r\n", GateFault.BadTrailer)]
    [InlineData("x:y\n", GateFault.BadTrailer)]
    [InlineData("\n", GateFault.BadTrailer)]
    public void Form_of_a_trailer(string trailer, object fault) =>
        Assert.Equal(fault, new Conversation(Small).Client(Chunked + "0\r\n" + trailer + "\r\n").Fault);

    [Theory]
    [InlineData(19, GateFault.None)]
    [InlineData(20, GateFault.None)]
    [InlineData(21, GateFault.TrailerTooLarge)]
    public void Trailer(int length, object fault) =>
        Assert.Equal(fault, new Conversation(Small).Client(Chunked + "0\r\nx:" + new string('y', length - 5) + "\r\n\r\n").Fault);

    [Theory]
    [InlineData(99, GateFault.None)]
    [InlineData(100, GateFault.None)]
    [InlineData(101, GateFault.ResponseHeadTooLarge)]
    public void Response_head(int length, object fault)
    {
        var start = "HTTP/1.1 204 No\r\nX: ";
        var answer = start + new string('x', length - start.Length - 4) + "\r\n\r\n";
        Assert.Equal(fault, new Conversation(Small).Client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").Serve(answer).Fault);
    }

    [Theory]
    [InlineData(29, false)]
    [InlineData(30, false)]
    [InlineData(31, true)]
    public void Discarded_body_of_known_length(int length, bool closes) =>
        Assert.Equal(closes, new Conversation(Small).Client($"POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n").IsClosed);

    [Theory]
    [InlineData(20, GateFault.None)]
    [InlineData(21, GateFault.None)]
    [InlineData(22, GateFault.DiscardedBodyTooLarge)]
    public void Discarded_chunks_with_nine_bytes_of_framing(int data, object fault) =>
        Assert.Equal(fault, new Conversation(Small).Client($"{Chunked.Replace("/x", "/denied", StringComparison.Ordinal)}{data:x2}\r\n{new string('x', data)}\r\n0\r\n").Fault);

    [Fact]
    public void The_defaults_fit_a_lanes_buffer()
    {
        Assert.True(GateLimits.Default.MaxHeadBytes <= 32 * 1024);
        Assert.True(GateLimits.Default.MaxResponseHeadBytes <= 32 * 1024);
        Assert.Equal((16384, 100, 8192), (GateLimits.Default.MaxHeadBytes, GateLimits.Default.MaxHeaders, GateLimits.Default.MaxTargetBytes));
    }

    private static void Expect(string status, string request)
    {
        var conversation = new Conversation(Small).Client(request);
        if (status.Length == 0)
            Assert.Equal(request, conversation.ToServer.ToString());
        else
            Assert.StartsWith($"HTTP/1.1 {status} ", conversation.ToClient.ToString());
    }
}
