using Proxy.Http;
using Proxy.Policy;

namespace Proxy.Tests.Http;

public sealed class RequestGateTests
{
    private const string Get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Denied = "GET /denied HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string AccessDenied = "HTTP/1.1 403 Forbidden\r\ncontent-length: 15\r\ncontent-type: text/plain\r\n\r\nAccess denied\r\n";

    [Fact]
    public void A_refused_request_gets_403_and_the_connection_goes_on()
    {
        var conversation = new Conversation().Client(Denied).Client(Get).Serve(Ok);

        Assert.Equal(AccessDenied + Ok, conversation.ToClient.ToString());
        Assert.Equal(Get, conversation.ToServer.ToString());
        Assert.Equal(["200 GET /x a"], conversation.Answers);
        Assert.False(conversation.IsClosed);
    }

    [Fact]
    public void Answers_keep_the_order_of_pipelined_requests()
    {
        var conversation = new Conversation().Client(Get + Denied + Get + Denied);
        Assert.Equal("", conversation.ToClient.ToString());

        conversation.Serve(Ok).Serve(Ok);

        Assert.Equal(Ok + AccessDenied + Ok + AccessDenied, conversation.ToClient.ToString());
    }

    [Fact]
    public void A_policy_change_reaches_the_next_request_even_a_pipelined_one()
    {
        var isOpen = true;
        var conversation = new Conversation { Allows = (_, _) => isOpen }.Client(Get + Get);
        isOpen = false;

        conversation.Serve(Ok);

        Assert.Equal(Ok + AccessDenied, conversation.ToClient.ToString());
    }

    [Fact]
    public void A_request_is_under_way_until_its_body_has_gone_and_its_answer_has_come()
    {
        var conversation = new Conversation().Client(Denied);
        Assert.Null(conversation.Underway);

        conversation.Client(Get);
        Assert.Equal("GET /x", conversation.Underway);
        conversation.Serve(Ok);
        Assert.Null(conversation.Underway);

        conversation.Client("PUT /y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1").Serve(Ok);
        Assert.Equal("PUT /y", conversation.Underway);
        conversation.Client("2");
        Assert.Null(conversation.Underway);
    }

    [Fact]
    public void An_upgraded_connection_stays_under_way_as_the_request_that_asked_for_it()
    {
        var conversation = new Conversation()
            .Client("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            .Serve("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            .Client("opaque");

        Assert.Equal("GET /ws", conversation.Underway);
    }

    [Fact]
    public void A_long_request_is_remembered_whole()
    {
        var target = "/" + new string('a', 4000);

        var conversation = new Conversation().Client($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal($"GET {target}", conversation.Underway);
    }

    [Fact]
    public void A_refused_HEAD_gets_no_body()
    {
        var conversation = new Conversation().Client("HEAD /denied HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.EndsWith("text/plain\r\n\r\n", conversation.ToClient.ToString());
        Assert.Contains("content-length: 15", conversation.ToClient.ToString());
    }

    [Theory]
    [InlineData("HTTP/1.1\r\nConnection: close")]
    [InlineData("HTTP/1.1\r\nConnection: x, CLOSE")]
    [InlineData("HTTP/1.0")]
    [InlineData("HTTP/1.0\r\nConnection: keep-alive")]
    public void After_the_last_request_nothing_more_is_forwarded(string version)
    {
        var request = $"GET /x {version}\r\nHost: a\r\n\r\n";
        var conversation = new Conversation().Client(request + Get).Serve(Ok).Client(Get).EndClient();

        Assert.Equal(request, conversation.ToServer.ToString());
        Assert.Equal(Ok, conversation.ToClient.ToString());
        Assert.True(conversation.ClientSawEnd && conversation.ServerSawEnd);
        Assert.Single(conversation.Judged);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    public void After_the_last_answer_nothing_more_is_forwarded(string answer)
    {
        var conversation = new Conversation().Client(Get + Get).Serve(answer).Client(Get);

        Assert.Equal(Get, conversation.ToServer.ToString());
        Assert.True(conversation.ClientSawEnd);
    }

    [Theory]
    [InlineData("HTTP/1.0", "")]
    [InlineData("HTTP/1.1", "Connection: close\r\n")]
    [InlineData("HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 5\r\n")]
    [InlineData("HTTP/1.1", "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n")]
    [InlineData("HTTP/1.1", "Content-Length: 1048577\r\n")]
    public void A_refusal_closes_where_the_rest_of_the_request_is_uncertain_or_large(string version, string header)
    {
        var conversation = new Conversation().Client($"POST /denied {version}\r\nHost: a\r\n{header}\r\n" + Get);

        Assert.Contains("connection: close\r\n", conversation.ToClient.ToString());
        Assert.EndsWith("Access denied\r\n", conversation.ToClient.ToString());
        Assert.True(conversation.IsClosed);
        Assert.Equal("", conversation.ToServer.ToString());
        Assert.Single(conversation.Judged);
    }

    [Theory]
    [InlineData("Content-Length: 11\r\n\r\nhello world")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")]
    public void The_body_of_a_refused_request_is_discarded_as_framed(string rest)
    {
        var conversation = new Conversation().Client("POST /denied HTTP/1.1\r\nHost: a\r\n" + rest + Get).Serve(Ok);

        Assert.Equal(AccessDenied + Ok, conversation.ToClient.ToString());
        Assert.Equal(Get, conversation.ToServer.ToString());
    }

    [Fact]
    public void A_malformed_body_of_a_refused_request_ends_the_connection()
    {
        var conversation = new Conversation().Client("POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz" + Get);

        Assert.Equal(AccessDenied, conversation.ToClient.ToString());
        Assert.True(conversation.IsClosed);
        Assert.Equal(GateFault.BadChunk, conversation.Fault);
    }

    [Fact]
    public void A_body_is_invited_by_100_and_follows()
    {
        var head = "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        var conversation = new Conversation().Client(head).Serve("HTTP/1.1 100 Continue\r\n\r\n").Client("hello").Client(Get).Serve(Ok).Serve(Ok);

        Assert.Equal(head + "hello" + Get, conversation.ToServer.ToString());
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n" + Ok + Ok, conversation.ToClient.ToString());
        Assert.Equal(2, conversation.Answers.Count);
    }

    [Fact]
    public void An_uninvited_body_is_not_sent_where_the_server_may_take_it_for_a_request()
    {
        var head = "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 34\r\n\r\n";
        var conversation = new Conversation().Client(head).Serve(Ok).Client(Denied);

        Assert.Equal(head, conversation.ToServer.ToString());
        Assert.Equal(Ok, conversation.ToClient.ToString());
        Assert.True(conversation.ClientSawEnd);
    }

    [Fact]
    public void A_server_may_answer_before_the_body_is_sent()
    {
        var head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello";
        var conversation = new Conversation().Client(head).Serve(Ok);
        Assert.Equal(Ok, conversation.ToClient.ToString());

        conversation.Client("world" + Get).Serve(Ok);

        Assert.Equal(head + "world" + Get, conversation.ToServer.ToString());
        Assert.Equal(Ok + Ok, conversation.ToClient.ToString());
    }

    [Fact]
    public void A_server_may_answer_early_and_end()
    {
        var conversation = new Conversation().Client("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
        conversation.Serve("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").EndClient();

        Assert.True(conversation.ClientSawEnd && conversation.ServerSawEnd);
        Assert.False(conversation.IsCut);
    }

    [Fact]
    public void A_client_that_ends_within_a_body_resets_the_server()
    {
        var conversation = new Conversation().Client("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello").EndClient();

        Assert.Equal(GateFault.RequestTruncated, conversation.Fault);
        Assert.True(conversation.IsServerReset);
        Assert.False(conversation.ServerSawEnd);
    }

    [Fact]
    public void A_half_close_behind_whole_requests_is_passed_on_in_its_place()
    {
        var conversation = new Conversation().Client(Get + Get).EndClient();
        Assert.False(conversation.ServerSawEnd);

        conversation.Serve(Ok);
        Assert.True(conversation.ServerSawEnd);
        conversation.Serve(Ok).EndServer();

        Assert.Equal(Ok + Ok, conversation.ToClient.ToString());
        Assert.True(conversation.ClientSawEnd);
        Assert.Equal(GateFault.None, conversation.Fault);
    }

    [Fact]
    public void A_request_behind_the_end_of_the_server_is_neither_judged_nor_sent()
    {
        var conversation = new Conversation().Client(Get).Serve(Ok).EndServer().Client(Get);

        Assert.Single(conversation.Judged);
        Assert.Equal(Get, conversation.ToServer.ToString());
    }

    [Fact]
    public void An_answer_of_the_gate_waits_until_the_servers_bytes_are_written()
    {
        var gate = new RequestGate(new AllowAll(), GateLimits.Default);
        var get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"u8;
        Assert.Equal(GateAction.Forward, gate.Inspect(get).Action);
        Assert.Equal(ResponseAction.Pass, gate.InspectResponse("HTTP/1.1 204 No\r\n\r\n"u8).Action);

        Assert.Equal(GateAction.Wait, gate.Inspect("bad\r\n"u8).Action);
        Assert.True(gate.ResponsePassed());
        Assert.Equal(GateAction.Respond, gate.Inspect("bad\r\n"u8).Action);
    }

    [Fact]
    public void Policy_is_asked_about_method_target_and_host()
    {
        var facts = new RequestHead { Method = "GET"u8, Target = "/a?b"u8, Host = "c"u8 }.Facts;

        Assert.True(facts.Method.SequenceEqual("GET"u8) && facts.Target.SequenceEqual("/a?b"u8) && facts.Host.SequenceEqual("c"u8));
    }

    private sealed class AllowAll : IRequestJudge
    {
        public RequestVerdict Decide(in RequestHead request) => new(true, null);

        public void Answered(in RequestHead request, ushort status)
        {
        }
    }
}
