using System.Text;
using Proxy.Http;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Telemetry;

namespace Proxy.Tests.Http;

/// <summary>Heads that go on otherwise than they came.</summary>
public sealed class HeaderEditTests
{
    private const string Line = "GET /a HTTP/1.1\r\n";
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Theory]
    [InlineData("ADD", "Host: a\r\n", "Host: a\r\nX-A: v\r\n")]
    [InlineData("ADD", "Host: a\r\nX-A: w\r\n", "Host: a\r\nX-A: w\r\nX-A: v\r\n")]
    [InlineData("ADD", "Host: a\r\nx-a:v \r\n", "Host: a\r\nx-a:v \r\n")]
    [InlineData("REPLACE", "Host: a\r\n", "Host: a\r\nX-A: v\r\n")]
    [InlineData("REPLACE", "X-A: w\r\nHost: a\r\nx-a: u\r\nY: z\r\n", "Host: a\r\nY: z\r\nX-A: v\r\n")]
    [InlineData("REPLACE", "Host: a\r\nX-A: v\r\nX_A: w\r\n", "Host: a\r\nX-A: v\r\n")]
    [InlineData("REPLACE", "Host: a\r\nX-A: v\r\nX-A: v\r\n", "Host: a\r\nX-A: v\r\n")]
    [InlineData("REPLACE", "Host: a\r\nX-A: v\r\n", "Host: a\r\nX-A: v\r\n")]
    [InlineData("DELETE", "X-A: w\r\nHost: a\r\nX_a: v\r\nX-AB: w\r\n", "Host: a\r\nX-AB: w\r\n")]
    [InlineData("DELETE", "Host: a\r\nX-A: v\r\n", "Host: a\r\nX-A: v\r\n")]
    [InlineData("DELETE", "Host: a\r\n", "Host: a\r\n")]
    [InlineData("LOG", "Host: a\r\nX-A: w\r\n", "Host: a\r\nX-A: w\r\n")]
    public void A_head_is_changed_as_the_rule_says(string action, string sent, string received)
    {
        var conversation = Judged($"{{headerMatches: [{{name: X-A, value: v, mismatch: {action}}}]}}").Client($"{Line}{sent}\r\n");

        Assert.Equal($"{Line}{received}\r\n", conversation.ToServer.ToString());
        Assert.Equal(["GET /a allowed"], conversation.Judged);
    }

    [Theory]
    [InlineData("X-A, value: '1', mismatch: ADD", "X-A, value: '1', mismatch: ADD", "X-A: 1")]
    [InlineData("X-A, value: '1', mismatch: ADD", "x_a, value: '2', mismatch: ADD", "X-A: 1|x_a: 2")]
    [InlineData("X-A, value: '1', mismatch: REPLACE", "X-A, value: '2', mismatch: REPLACE", "X-A: 2")]
    [InlineData("X-A, value: '1', mismatch: ADD", "X-A, value: '2', mismatch: REPLACE", "X-A: 2")]
    [InlineData("X-A, value: '1', mismatch: REPLACE", "X-A, value: '2', mismatch: ADD", "X-A: 1|X-A: 2")]
    [InlineData("X-A, value: '1', mismatch: REPLACE", "X-A, value: '2', mismatch: DELETE", "")]
    [InlineData("X-A, value: '2', mismatch: DELETE", "X-A, value: '1', mismatch: REPLACE", "X-A: 1")]
    public void Rules_act_in_their_order(string first, string second, string expected)
    {
        var conversation = Judged($"{{headerMatches: [{{name: {first}}}]}}", $"{{headerMatches: [{{name: {second}}}]}}")
            .Client($"{Line}Host: a\r\nX-A: 0\r\n\r\n");

        var added = SlowHttp.Read(conversation.ToServer.ToString()).Single().Headers.Where(line => line is not "Host: a" and not "X-A: 0");
        Assert.Equal(expected, string.Join('|', added));
    }

    [Fact]
    public void Bodies_follow_a_changed_head_and_the_next_request_is_judged()
    {
        var conversation = Judged("{path: '/a', headerMatches: [{name: X-A, value: v, mismatch: REPLACE}]}");
        conversation.Client("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
        conversation.Serve(Answer).Serve(Answer);

        Assert.Equal(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-A: v\r\n\r\nhelloPOST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-A: v\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            conversation.ToServer.ToString());
        Assert.Equal(["POST /a allowed", "POST /a allowed", "GET /b denied"], conversation.Judged);
    }

    [Fact]
    public void A_body_that_is_not_well_formed_is_noticed_behind_a_changed_head()
    {
        var conversation = Judged("{headerMatches: [{name: X-A, value: v, mismatch: REPLACE}]}")
            .Client("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal((GateFault.BadChunk, true), (conversation.Fault, conversation.IsServerReset));
        Assert.DoesNotContain("/b", conversation.ToServer.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{headerMatches: [{name: X-A, value: v, mismatch: DELETE}]}", "", false)]
    [InlineData("{headerMatches: [{name: X-A, value: v, mismatch: REPLACE}]}", "X-A: v\r\n", false)]
    [InlineData("{headers: ['X-A: v']}", "X-A: v\r\n", false)]
    [InlineData("{path: '/a'}", "", true)]
    public void Where_rules_look_at_headers_no_trailer_can_bring_others(string rule, string header, bool passes)
    {
        var conversation = Judged(rule).Client($"POST /a HTTP/1.1\r\nHost: a\r\n{header}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-A: evil\r\n\r\n");

        Assert.Equal(["POST /a allowed"], conversation.Judged);
        Assert.Equal(passes ? GateFault.None : GateFault.BadTrailer, conversation.Fault);
        Assert.Equal(passes, conversation.ToServer.ToString().Contains("evil", StringComparison.Ordinal));
        Assert.Equal(!passes, conversation.IsServerReset);
    }

    [Theory]
    [InlineData("X-A: w\r\n\tContent-Length: 44\r\n", nameof(GateFault.FoldedHeader))]
    [InlineData("X-A: w\rContent-Length: 44\r\n", nameof(GateFault.BadHeaderValue))]
    [InlineData("X-A: w\nContent-Length: 44\r\n", nameof(GateFault.BareLineFeed))]
    [InlineData("X-A : w\r\n", nameof(GateFault.BadHeaderName))]
    [InlineData("X-A\0: w\r\n", nameof(GateFault.BadHeaderName))]
    [InlineData("Connection: X-A\r\n", nameof(GateFault.BadConnectionHeader))]
    [InlineData("Connection: close , x-a\r\n", nameof(GateFault.BadConnectionHeader))]
    [InlineData("Connection: close\r\nCONNECTION:x_a,\r\n", nameof(GateFault.BadConnectionHeader))]
    public void A_hostile_header_changes_nothing_behind_an_edit(string header, string fault)
    {
        var conversation = Judged("{headerMatches: [{name: X-A, value: v, mismatch: REPLACE}]}")
            .Client($"{Line}Host: a\r\n{header}\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal(fault, conversation.Fault.ToString());
        Assert.StartsWith("HTTP/1.1 400 ", conversation.ToClient.ToString(), StringComparison.Ordinal);
        Assert.Equal("", conversation.ToServer.ToString());
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "")]
    [InlineData(2, "431")]
    public void What_is_added_counts_towards_the_size_of_a_head(int more, string status)
    {
        const string Added = "X-A: v\r\n";
        var head = $"{Line}Host: a\r\nY: {new string('y', 20 + more)}\r\n\r\n";
        var limits = new GateLimits { MaxHeadBytes = head.Length - more + Added.Length + 1 };

        var conversation = Judged(limits, "{headerMatches: [{name: X-A, value: v, mismatch: ADD}]}").Client(head);
        Expect(status, conversation, head[..^2] + Added + "\r\n");
    }

    [Theory]
    [InlineData(2, "")]
    [InlineData(3, "")]
    [InlineData(4, "431")]
    public void What_is_added_counts_towards_the_lines_of_a_head(int count, string status)
    {
        var head = $"{Line}Host: a\r\n{string.Concat(Enumerable.Repeat("Y: z\r\n", count - 1))}\r\n";

        var conversation = Judged(new GateLimits { MaxHeaders = 4 }, "{headerMatches: [{name: X-A, value: v, mismatch: ADD}]}").Client(head);
        Expect(status, conversation, head[..^2] + "X-A: v\r\n\r\n");
    }

    [Fact]
    public void A_normalised_path_is_judged_and_sent_on()
    {
        var conversation = Judged(new GateLimits { NormalisesPaths = true }, "{path: '/public/.*'}").Client(
            "GET http://a/x/../public/%61?q=/../ HTTP/1.1\r\nHost: a\r\n\r\nGET /public/../private/x HTTP/1.1\r\nHost: a\r\n\r\nGET /public/a%2fb HTTP/1.1\r\nHost: a\r\n\r\n");
        conversation.Serve(Answer);

        Assert.Equal(["GET /public/a?q=/../ allowed", "GET /private/x denied", "GET /public/a%2fb allowed"], conversation.Judged);
        Assert.Equal("GET http://a/public/a?q=/../ HTTP/1.1\r\nHost: a\r\n\r\nGET /public/a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", conversation.ToServer.ToString());
        Assert.Equal(["200 GET /public/a?q=/../ a"], conversation.Answers);
    }

    [Theory]
    [InlineData("/public/../private", false)]
    [InlineData("/%70ublic/x", false)]
    [InlineData("/public/..%2fprivate", false)]
    [InlineData("/public/..%2fprivate", true)]
    [InlineData("/public/%00", true)]
    public void A_path_with_two_readings_gets_400_whatever_the_rules_name(string target, bool normalises)
    {
        var conversation = Judged(new GateLimits { NormalisesPaths = normalises }, "{method: GET}").Client($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal(GateFault.AmbiguousPath, conversation.Fault);
        Assert.StartsWith("HTTP/1.1 400 ", conversation.ToClient.ToString(), StringComparison.Ordinal);
        Assert.Equal(("", 0), (conversation.ToServer.ToString(), conversation.Judged.Count));
    }

    [Fact]
    public void A_request_under_way_is_remembered_with_its_headers()
    {
        var gate = new RequestGate(new Judge(RulesOf("{}")), GateLimits.Default);
        gate.Inspect("GET /a HTTP/1.1\r\nHost: a\r\nX-A: v\r\n\r\n"u8);

        Assert.True(gate.TryFindUnderway(out var request));
        Assert.True(RulesOf("{headers: ['X-A: v']}").Decide(request.Facts).IsAllowed);
        Assert.False(RulesOf("{headers: ['X-A: w']}").Decide(request.Facts).IsAllowed);
    }

    [Fact]
    public void The_flow_says_what_was_found_and_done_without_values()
    {
        var rules = RulesOf("{headerMatches: [{name: X-A, value: s3cret, mismatch: REPLACE}, {name: X-B, value: v, mismatch: LOG}]}");
        var verdict = rules.Decide(new RequestFacts("GET"u8, "/"u8, "a"u8) { Headers = "X-B: w\r\n"u8 });
        var ring = new FlowRing("node", TimeProvider.System, 1);
        ring.Write(new FlowEvent { Kind = FlowKind.HttpRequest, Verdict = FlowVerdict.Forwarded, HeaderActions = verdict.Actions });
        var text = new byte[FlowRecord.TextCapacity];
        Assert.Equal(FlowReadResult.Read, ring.Read(0, out var record, text));

        var notes = new List<string>();
        foreach (var action in record.HeaderActions)
            notes.Add(action.Note);
        Assert.Equal(["missing-header=X-A, added", "rejected-header=X-B"], notes);
    }

    [Fact]
    public void A_change_of_a_head_allocates_nothing()
    {
        var limits = new GateLimits { NormalisesPaths = true };
        var gate = new RequestGate(new Judge(RulesOf("{path: /a, headerMatches: [{name: X-A, value: v, mismatch: REPLACE}, {name: X-B, mismatch: LOG}]}")), limits);
        long allocated = 0;
        for (var i = 0; i < 1000; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var step = gate.Inspect("GET /b/../a HTTP/1.1\r\nHost: a\r\nX-A: w\r\n\r\n"u8);
            var isRewritten = step.Action == GateAction.Rewrite && step.Head.Span.SequenceEqual("GET /a HTTP/1.1\r\nHost: a\r\nX-A: v\r\n\r\n"u8);
            gate.InspectResponse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8);
            gate.ResponsePassed();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(isRewritten);
        }

        Assert.Equal(0, allocated);
    }

    internal static HttpRuleSet RulesOf(params string[] rules)
    {
        var text = $$$"""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p, namespace: default}
            spec:
              endpointSelector: {}
              ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{{{string.Join(", ", rules)}}}]}}]}]
            """;
        var document = PolicyParser.Parse(Assert.Single(ManifestReader.Read("test.yaml", Encoding.UTF8.GetBytes(text)).Documents));
        Assert.Empty(document.Faults);
        var pod = Identity.ForPod("default", "a", new Dictionary<string, string>(), []);
        var verdict = PolicySnapshot.Compile([document]).Decide(
            new ConnectionFacts(Direction.Ingress, pod, pod, TransportProtocol.Tcp, 80, PeerAuthentication.NotYetKnown));
        return verdict.Http!;
    }

    private static Conversation Judged(params string[] rules) => new() { Rules = RulesOf(rules) };

    private static Conversation Judged(GateLimits limits, string rule) => new(limits) { Rules = RulesOf(rule) };

    private static void Expect(string status, Conversation conversation, string toServer)
    {
        Assert.Equal(status.Length == 0 ? toServer : "", conversation.ToServer.ToString());
        Assert.StartsWith(status.Length == 0 ? "" : $"HTTP/1.1 {status} ", conversation.ToClient.ToString(), StringComparison.Ordinal);
    }

    private sealed class Judge(HttpRuleSet rules) : IRequestJudge
    {
        public RequestVerdict Decide(in RequestHead request) => rules.Decide(request.Facts);

        public void Answered(in RequestHead request, ushort status)
        {
        }
    }
}
