using Proxy.Policy;
using Proxy.Telemetry;
using Proxy.Telemetry.Filters;
using Proxy.Telemetry.Protos;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Telemetry;

public sealed class FlowFiltersTests
{
    private static readonly Dictionary<string, Flow> Flows = new()
    {
        ["allowed"] = Sample.ToFlow(Sample.Verdict(Sample.Tiefighter, FlowVerdict.Redirected, PolicyMatch.L3L4, auth: true)),
        ["denied"] = Sample.ToFlow(Sample.Verdict(Sample.Xwing, FlowVerdict.Dropped, PolicyMatch.None)),
        ["drop"] = Sample.ToFlow(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied)),
        ["request"] = Sample.ToFlow(Sample.Request(FlowVerdict.Forwarded, "POST"u8, "/v1/request-landing?x=1"u8)),
        ["response"] = Sample.ToFlow(Sample.Response(403, "PUT"u8, "/v1/exhaust-port"u8)),
    };

    [Theory]
    [InlineData("""{"source_pod":["default/xw"]}""", "denied drop")]
    [InlineData("""{"source_pod":["tiefighter"]}""", "allowed request")]
    [InlineData("""{"source_pod":["other/"]}""", "")]
    [InlineData("""{"source_pod":["/tie"],"verdict":["REDIRECTED"]}""", "allowed")]
    [InlineData("""{"destination_pod":["default/tiefighter"]}""", "response")]
    [InlineData("""{"verdict":["DROPPED"]}""", "denied drop")]
    [InlineData("""{"event_type":[{"type":5}]}""", "allowed denied")]
    [InlineData("""{"event_type":[{"type":1,"match_sub_type":true,"sub_type":133}]}""", "drop")]
    [InlineData("""{"event_type":[{"type":1,"match_sub_type":true,"sub_type":189}]}""", "")]
    [InlineData("""{"source_label":["class=xwing"]}""", "denied drop")]
    [InlineData("""{"destination_label":["k8s:class in (deathstar)"],"protocol":["http"]}""", "request")]
    [InlineData("""{"source_ip":["10.0.1.0/24"]}""", "allowed denied drop request")]
    [InlineData("""{"source_ip":["10.0.2.9"]}""", "response")]
    [InlineData("""{"destination_port":["80"]}""", "allowed denied drop request")]
    [InlineData("""{"protocol":["TCP"]}""", "allowed denied drop request response")]
    [InlineData("""{"protocol":["udp"]}""", "")]
    [InlineData("""{"source_identity":[63406, 1]}""", "denied drop")]
    [InlineData("""{"http_method":["post"]}""", "request")]
    [InlineData("""{"http_path":["^/v1/request-[a-z]+$"]}""", "request")]
    [InlineData("""{"http_url":["exhaust"]}""", "response")]
    [InlineData("""{"http_status_code":["4+"]}""", "response")]
    [InlineData("""{"http_status_code":["404"]}""", "")]
    [InlineData("""{"traffic_direction":["INGRESS"]}""", "allowed denied drop request response")]
    [InlineData("""{"traffic_direction":["EGRESS"]}""", "")]
    [InlineData("""{"node_name":["k8s*"]}""", "allowed denied drop request response")]
    [InlineData("""{"node_name":["default/"]}""", "allowed denied drop request response")]
    [InlineData("""{"node_name":["other"]}""", "")]
    [InlineData("""{"reply":[true]}""", "response")]
    [InlineData("""{"reply":[false]}""", "allowed denied drop request")]
    [InlineData("""{"drop_reason_desc":["POLICY_DENIED"]}""", "denied drop")]
    [InlineData("""{"source_workload":[{"name":"xwing"}]}""", "denied drop")]
    [InlineData("""{"destination_workload":[{"kind":"Deployment"}],"tcp_flags":[{"SYN":true}]}""", "allowed denied drop")]
    [InlineData("""{"ip_version":["IPv6"]}""", "")]
    public void A_filter_shows_what_it_names(string filter, string shown)
    {
        var filters = FlowFilters.Compile([FlowFilter.Parser.ParseJson(filter)], []);
        Assert.Equal(shown, string.Join(' ', Flows.Where(flow => filters.Matches(flow.Value)).Select(flow => flow.Key)));
    }

    [Fact]
    public void The_blacklist_takes_away()
    {
        var filters = FlowFilters.Compile([], [FlowFilter.Parser.ParseJson("""{"verdict":["DROPPED"]}""")]);
        Assert.Equal(["allowed", "request", "response"], Flows.Where(flow => filters.Matches(flow.Value)).Select(flow => flow.Key));
    }

    [Theory]
    [InlineData("""{"source_fqdn":["example.com"]}""", "source_fqdn")]
    [InlineData("""{"uuid":["x"]}""", "uuid")]
    [InlineData("""{"experimental":{"cel_expression":["true"]}}""", "experimental")]
    [InlineData("""{"encrypted":[true]}""", "encrypted")]
    [InlineData("""{"source_pod":[""]}""", "empty name")]
    [InlineData("""{"source_ip":["10.0.0.0/99"]}""", "10.0.0.0/99")]
    [InlineData("""{"source_port":["http"]}""", "invalid port")]
    [InlineData("""{"protocol":["quic"]}""", "unknown protocol")]
    [InlineData("""{"http_path":["("]}""", "invalid regular expression")]
    [InlineData("""{"http_path":["((a{1000}){1000}){1000}"]}""", "invalid regular expression")]
    [InlineData("""{"http_path":["(a)\\1"]}""", "invalid regular expression")]
    [InlineData("""{"http_status_code":["600"]}""", "status code")]
    [InlineData("""{"http_method":["GET"],"event_type":[{"type":1}]}""", "event type l7")]
    public void A_filter_that_cannot_be_answered_is_refused(string filter, string because)
    {
        var fault = Assert.Throws<FilterFault>(() => FlowFilters.Compile([], [FlowFilter.Parser.ParseJson(filter)]));
        Assert.Contains(because, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filter_field_of_the_future_is_refused()
    {
        byte[] field777 = [0xca, 0x30, 0x01, (byte)'x'];
        var filter = FlowFilter.Parser.ParseFrom(field777);
        Assert.Throws<FilterFault>(() => FlowFilters.Compile([filter], []));
    }
}
