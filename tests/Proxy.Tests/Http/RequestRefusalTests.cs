using Proxy.Http;

namespace Proxy.Tests.Http;

public sealed class RequestRefusalTests
{
    private const string Host = "\r\nHost: a\r\n";

    public static TheoryData<string, string, string> Malformed => new()
    {
        // request line
        { "GET / HTTP/1.1\nHost: a\n\n", nameof(GateFault.BareLineFeed), "400" },
        { "GET / HTTP/1.1\r\nHost: a\n\r\n", nameof(GateFault.BareLineFeed), "400" },
        { "GET / HTTP/1.1\rHost: a\r\n\r\n", nameof(GateFault.BadVersion), "400" },
        { "\r\nGET / HTTP/1.1" + Host + "\r\n", nameof(GateFault.LeadingEmptyLine), "400" },
        { "\nGET / HTTP/1.1" + Host + "\r\n", nameof(GateFault.LeadingEmptyLine), "400" },
        { " GET / HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadMethod), "400" },
        { "\x16\x03\x01\x02", nameof(GateFault.BadMethod), "400" },
        { "G@T / HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadMethod), "400" },
        { "G\x80T / HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadMethod), "400" },
        { "GET /\r\n", nameof(GateFault.BadRequestLine), "400" },
        { "GET\r\n", nameof(GateFault.BadRequestLine), "400" },
        { "GET\t/\tHTTP/1.1" + Host + "\r\n", nameof(GateFault.BadRequestLine), "400" },
        { "GET  / HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadTarget), "400" },
        { "GET /  HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadTarget), "400" },
        { "GET / HTTP/1.1 " + Host + "\r\n", nameof(GateFault.BadVersion), "400" },
        { "GET /a b HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadTarget), "400" },
        { "GET / HTTP/1.2" + Host + "\r\n", nameof(GateFault.BadVersion), "400" },
        { "GET / HTTP/2.0" + Host + "\r\n", nameof(GateFault.BadVersion), "400" },
        { "GET / HTTP/01.1" + Host + "\r\n", nameof(GateFault.BadVersion), "400" },
        { "GET / http/1.1" + Host + "\r\n", nameof(GateFault.BadVersion), "400" },
        { "GET / HTTP/0.9" + Host + "\r\n", nameof(GateFault.BadVersion), "400" },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nameof(GateFault.Http2Preface), "400" },
        { "CONNECT a:80 HTTP/1.1" + Host + "\r\n", nameof(GateFault.ConnectMethod), "501" },
        { "CONNECT / HTTP/1.1" + Host + "\r\n", nameof(GateFault.ConnectMethod), "501" },
        { "GET a:80 HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadTarget), "400" },
        { "GET * HTTP/1.1" + Host + "\r\n", nameof(GateFault.BadTarget), "400" },

        // headers
        { "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", nameof(GateFault.FoldedHeader), "400" },
        { "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", nameof(GateFault.FoldedHeader), "400" },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX(: x\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\0: x\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\u00E9: x\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", nameof(GateFault.BadHeaderValue), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", nameof(GateFault.BadHeaderValue), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7F\r\n\r\n", nameof(GateFault.BadHeaderValue), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\x0B\r\n\r\n", nameof(GateFault.BadHeaderValue), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", nameof(GateFault.BadHeaderValue), "400" },

        // host
        { "GET / HTTP/1.1\r\nX: a\r\n\r\n", nameof(GateFault.HostMissing), "400" },
        { "GET / HTTP/1.1\r\n\r\n", nameof(GateFault.HostMissing), "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", nameof(GateFault.HostRepeated), "400" },
        { "GET / HTTP/1.0\r\nHost: a\r\nhOST: b\r\n\r\n", nameof(GateFault.HostRepeated), "400" },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", nameof(GateFault.HostInvalid), "400" },
        { "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", nameof(GateFault.HostDisagreesWithTarget), "400" },
        { "GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", nameof(GateFault.HostDisagreesWithTarget), "400" },
        { "GET http://a/ HTTP/1.0\r\n\r\n", nameof(GateFault.HostMissing), "400" },

        // framing
        { "POST / HTTP/1.1" + Host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(GateFault.ContentLengthAndTransferEncoding), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", nameof(GateFault.RepeatedContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 1\r\ncontent-length: 2\r\n\r\n", nameof(GateFault.RepeatedContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 1, 1\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: +1\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: -1\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 1 1\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 0x1\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 01\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length:\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: \t1\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 9223372036854775808\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content-Length: 18446744073709551617\r\n\r\n", nameof(GateFault.BadContentLength), "400" },
        { "POST / HTTP/1.1" + Host + "Content_Length: 1\r\n\r\n", nameof(GateFault.BadHeaderName), "400" },
        { "POST / HTTP/1.0" + Host + "Transfer-Encoding: chunked\r\n\r\n", nameof(GateFault.BadTransferEncoding), "400" },
        { "TRACE / HTTP/1.1" + Host + "Content-Length: 1\r\n\r\n", nameof(GateFault.UnexpectedBody), "400" },
        { "GET / HTTP/1.1" + Host + "Connection: close, Content-Length\r\n\r\n", nameof(GateFault.BadConnectionHeader), "400" },
        { "GET / HTTP/1.1" + Host + "Connection: a b\r\n\r\n", nameof(GateFault.BadConnectionHeader), "400" },

        // expectations
        { "POST / HTTP/1.1" + Host + "Expect: y 100-continue\r\n\r\n", nameof(GateFault.BadExpectation), "417" },
        { "POST / HTTP/1.1" + Host + "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", nameof(GateFault.BadExpectation), "417" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_is_not_well_formed_is_answered_and_closed_unjudged(string request, string fault, string status)
    {
        var conversation = new Conversation().Client(request);

        Assert.Equal(fault, conversation.Fault.ToString());
        Assert.StartsWith($"HTTP/1.1 {status} ", conversation.ToClient.ToString());
        Assert.EndsWith("connection: close\r\n\r\n", conversation.ToClient.ToString());
        Assert.True(conversation.IsClosed);
        Assert.Empty(conversation.Judged);
        Assert.Equal("", conversation.ToServer.ToString());
    }

    public static TheoryData<string, string> WellFormed => new()
    {
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / a 1.1 allowed" },
        { "get / HTTP/1.1\r\nHOST:a\r\n\r\n", "get / a 1.1 allowed" },
        { "GET / HTTP/1.0\r\n\r\n", "GET /  1.0 allowed" },
        { "GET /a//b?q=/../%2e%zz HTTP/1.1\r\nHost: [::1]:8080 \r\n\r\n", "GET /a//b?q=/../%2e%zz [::1]:8080 1.1 allowed" },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * a 1.1 allowed" },
        { "GET http://Deathstar:80/v1?x HTTP/1.1\r\nHost: deathstar:80\r\n\r\n", "GET /v1?x deathstar:80 1.1 allowed" },
        { "GET HTTP://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / a 1.1 allowed" },
        { "M-SEARCH!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t\x80\xFF\r\n\r\n", "M-SEARCH!#$%&'*+-.^_`|~ / a 1.1 allowed" },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: , keep-alive ,upgrade\r\n\r\n", "GET / a 1.1 allowed" },
    };

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void What_is_well_formed_is_judged_and_forwarded_unchanged(string request, string judged)
    {
        var conversation = new Conversation().Client(request);

        Assert.Equal([judged], conversation.Judged);
        Assert.Equal(request, conversation.ToServer.ToString());
        Assert.Equal(GateFault.None, conversation.Fault);
    }

    [Theory]
    [InlineData("GET / HT")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n")]
    public void A_client_that_ends_within_a_head_is_told_so(string part)
    {
        var conversation = new Conversation().Client(part).EndClient();

        Assert.Equal(GateFault.RequestTruncated, conversation.Fault);
        Assert.StartsWith("HTTP/1.1 400 ", conversation.ToClient.ToString());
    }
}
