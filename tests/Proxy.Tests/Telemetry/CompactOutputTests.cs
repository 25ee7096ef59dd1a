using Proxy.Commands.Observe;
using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Telemetry;
using Proxy.Telemetry.Protos;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Telemetry;

public sealed class CompactOutputTests
{
    private const string Time = "Dec 28 13:00:45.658: ";
    private const string Tiefighter = "default/tiefighter:37618 (ID:30913)";
    private const string Xwing = "default/xwing:45706 (ID:63406)";
    private const string DeathStar = "default/deathstar-8464cdd4d9-p58cs:80 (ID:40182)";
    private const string Url = "http://deathstar.default.svc.cluster.local";

    [Fact]
    public void A_denied_verdict_that_asks_authentication_names_it() => Equal(
        Sample.Verdict(Sample.Tiefighter, FlowVerdict.Dropped, PolicyMatch.L3L4, auth: true),
        $"{Time}{Tiefighter} <> {DeathStar} policy-verdict:L3-L4 INGRESS DENIED (TCP Flags: SYN; Auth: SPIRE)");

    [Fact]
    public void A_drop_for_authentication_says_so() => Equal(
        Sample.Drop(Sample.Tiefighter, DropReason.AuthenticationRequired),
        $"{Time}{Tiefighter} <> {DeathStar} Authentication required DROPPED (TCP Flags: SYN)");

    [Fact]
    public void A_reason_of_ours_stands_at_the_end_of_the_summary() => Equal(
        Sample.Drop(Sample.Tiefighter, DropReason.AuthenticationRequired, "no-svid"),
        $"{Time}{Tiefighter} <> {DeathStar} Authentication required DROPPED (TCP Flags: SYN; Reason: no-svid)");

    [Theory]
    [InlineData(FlowVerdict.Forwarded)]
    [InlineData(FlowVerdict.Redirected)]
    public void An_allowed_verdict_points_to_the_server(object verdict) => Equal(
        Sample.Verdict(Sample.Tiefighter, (FlowVerdict)verdict, PolicyMatch.L3L4, auth: true),
        $"{Time}{Tiefighter} -> {DeathStar} policy-verdict:L3-L4 INGRESS ALLOWED (TCP Flags: SYN; Auth: SPIRE)");

    [Fact]
    public void A_verdict_without_a_matching_rule_says_none() => Equal(
        Sample.Verdict(Sample.Xwing, FlowVerdict.Dropped, PolicyMatch.None),
        $"{Time}{Xwing} <> {DeathStar} policy-verdict:none INGRESS DENIED (TCP Flags: SYN)");

    [Fact]
    public void A_drop_by_policy_says_so() => Equal(
        Sample.Drop(Sample.Xwing, DropReason.PolicyDenied),
        $"{Time}{Xwing} <> {DeathStar} Policy denied DROPPED (TCP Flags: SYN)");

    [Fact]
    public void A_forwarded_request_shows_its_url() => Equal(
        Sample.Request(FlowVerdict.Forwarded, "POST"u8, "/v1/request-landing"u8),
        $"{Time}{Tiefighter} -> {DeathStar} http-request FORWARDED (HTTP/1.1 POST {Url}/v1/request-landing)");

    [Fact]
    public void A_refused_request_is_dropped() => Equal(
        Sample.Request(FlowVerdict.Dropped, "PUT"u8, "/v1/exhaust-port"u8),
        $"{Time}{Tiefighter} -> {DeathStar} http-request DROPPED (HTTP/1.1 PUT {Url}/v1/exhaust-port)");

    [Fact]
    public void A_response_keeps_the_client_on_the_left() => Equal(
        Sample.Response(403, "PUT"u8, "/v1/exhaust-port"u8),
        $"{Time}{Tiefighter} <- {DeathStar} http-response FORWARDED (HTTP/1.1 403 0ms (PUT {Url}/v1/exhaust-port))");

    [Fact]
    public void A_connection_that_reached_its_server_is_a_trace() => Equal(
        new FlowEvent { Kind = FlowKind.ToEndpoint, Source = Sample.Tiefighter, Destination = Sample.DeathStar },
        $"{Time}{Tiefighter} -> {DeathStar} to-endpoint FORWARDED (TCP Flags: SYN)");

    [Fact]
    public void An_unknown_client_is_shown_by_address_and_reserved_identity()
    {
        var stranger = new FlowEndpoint(Sample.Address("fd00::7"), 31793, null, Identity.World);
        Equal(
            Sample.Drop(stranger, DropReason.PolicyDenied),
            $"{Time}[fd00::7]:31793 (world) <> {DeathStar} Policy denied DROPPED (TCP Flags: SYN)");
    }

    [Fact]
    public void The_printer_follows_the_flow_and_not_its_kind()
    {
        var flow = new Flow
        {
            Time = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTime(new DateTime(1970, 1, 1, 0, 20, 34, 567, DateTimeKind.Utc)),
            NodeName = "k8s1",
            IsReply = false,
            Verdict = Proxy.Telemetry.Protos.Verdict.Dropped,
            DropReasonDesc = Proxy.Telemetry.Protos.DropReason.PolicyDenied,
            EventType = new CiliumEventType { Type = 1, SubType = 133 },
            IP = new IP { Source = "1.1.1.1", Destination = "2.2.2.2" },
            L4 = new Layer4 { TCP = new TCP { SourcePort = 31793, DestinationPort = 8080 } },
            Source = new Endpoint { Identity = 4 },
            Destination = new Endpoint { Identity = 12345 },
            Summary = "TCP Flags: SYN",
        };
        Assert.Equal(
            "Jan  1 00:20:34.567 [k8s1]: 1.1.1.1:31793 (health) -> 2.2.2.2:8080 (ID:12345) Policy denied DROPPED (TCP Flags: SYN)",
            Line(flow, options => options with { PrintsNodeName = true }));
    }

    [Fact]
    public void Numeric_output_shows_addresses() => Assert.StartsWith(
        $"{Time}10.0.1.8:45706 (ID:63406) <> 10.0.2.9:80",
        Line(Sample.ToFlow(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied)), options => options with { Translates = false }),
        StringComparison.Ordinal);

    [Fact]
    public void Policy_names_are_printed_when_asked()
    {
        var rule = new RuleReference("CiliumNetworkPolicy", "default", "rule1", "spec.ingress[0]");
        var flow = Sample.ToFlow(new FlowEvent
        {
            Kind = FlowKind.PolicyVerdict,
            Source = Sample.Tiefighter,
            Destination = Sample.DeathStar,
            Rules = [rule],
        });
        Assert.Contains("ALLOWED BY rule1 (CiliumNetworkPolicy) (", Line(flow, options => options with { PrintsPolicyNames = true }), StringComparison.Ordinal);
        Assert.Contains("node-proxy:rule=spec.ingress[0]", flow.IngressAllowedBy[0].Labels);
    }

    [Fact]
    public void Text_of_strangers_cannot_steer_the_terminal()
    {
        var flow = Sample.ToFlow(Sample.Request(FlowVerdict.Dropped, "GET"u8, "/\u001b[2J\u202e"u8));
        var printed = Line(flow, options => options);
        Assert.DoesNotContain('\u001b', printed);
        Assert.DoesNotContain('\u202e', printed);
        Assert.Contains(@"/\u001b[2J\u202e", printed, StringComparison.Ordinal);
    }

    private static void Equal(FlowEvent happened, string line) => Assert.Equal(line, Line(Sample.ToFlow(happened), options => options));

    private static string Line(Flow flow, Func<ObserveOptions, ObserveOptions> change)
    {
        var output = new StringWriter();
        var options = change(new ObserveOptions { Servers = [], Request = new GetFlowsRequest() });
        FlowPrinter.Create(output, options).Print(new GetFlowsResponse { Flow = flow });
        return output.ToString().TrimEnd('\n');
    }
}
