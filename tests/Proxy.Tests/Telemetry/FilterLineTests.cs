using System.CommandLine;
using Proxy.Commands;
using Proxy.Commands.Observe;

namespace Proxy.Tests.Telemetry;

public sealed class FilterLineTests
{
    [Theory]
    [InlineData("--from-pod xwing", """{ "source_pod": [ "xwing" ] }""")]
    [InlineData("--from-pod=default/xwing --type drop", """{ "source_pod": [ "default/xwing" ], "event_type": [ { "type": 1 } ] }""")]
    [InlineData("--pod a --port 80", """{ "source_pod": [ "a" ], "source_port": [ "80" ] } | { "destination_pod": [ "a" ], "destination_port": [ "80" ] }""")]
    [InlineData("-l app=a,b=c", """{ "source_label": [ "app=a,b=c" ] } | { "destination_label": [ "app=a,b=c" ] }""")]
    [InlineData("--verdict DROPPED,AUDIT", """{ "verdict": [ "DROPPED", "AUDIT" ] }""")]
    [InlineData("--verdict DROPPED --verdict AUDIT", """{ "verdict": [ "DROPPED", "AUDIT" ] }""")]
    [InlineData("-t trace:to-proxy", """{ "event_type": [ { "type": 4, "match_sub_type": true, "sub_type": 1 } ] }""")]
    [InlineData("-t l7 --http-path ^/a{1,2}$", """{ "event_type": [ { "type": 129 } ], "http_path": [ "^/a{1,2}$" ] }""")]
    [InlineData("--from-identity world", """{ "source_identity": [ 2 ] }""")]
    [InlineData("--tcp-flags SYN,ACK", """{ "tcp_flags": [ { "SYN": true, "ACK": true } ] }""")]
    [InlineData("-n empire", """{ "source_pod": [ "empire/" ] } | { "destination_pod": [ "empire/" ] }""")]
    [InlineData("--from-namespace a --to-pod b", """{ "source_pod": [ "a/" ], "destination_pod": [ "b" ] }""")]
    [InlineData("--to-namespace a --to-service b", """{ "destination_service": [ "a/b" ] }""")]
    [InlineData("--not --from-pod a --to-pod b", """{ "destination_pod": [ "b" ] } not { "source_pod": [ "a" ] }""")]
    [InlineData("--not --pod a", """ not { "source_pod": [ "a" ] } | { "destination_pod": [ "a" ] }""")]
    public void Flags_become_the_filters_that_Hubble_sends(string line, string filters) => Assert.Equal(filters, Filters(line));

    [Theory]
    [InlineData("--pod a --from-pod b", "--pod and --from-pod")]
    [InlineData("--namespace a --from-pod b", "--namespace and --from-pod")]
    [InlineData("--label a --to-label b", "--label and --to-label")]
    [InlineData("--verdict dropped", "unknown verdict")]
    [InlineData("--type x", "unknown event type")]
    [InlineData("--type drop:x", "unknown sub type")]
    [InlineData("--from-pod a --not", "followed by a filter")]
    [InlineData("--not --not --pod a", "given twice")]
    [InlineData("--first 1 --last 1", "--first")]
    [InlineData("--last 1 --all", "--last")]
    [InlineData("--since soon", "cannot read the time")]
    [InlineData("-o table -f", "table")]
    public void What_cannot_be_meant_is_a_usage_fault(string line, string because)
    {
        var fault = Assert.Throws<UsageFault>(() => Read(line));
        Assert.Contains(because, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 20UL, false, false)]
    [InlineData("--last 5", 5UL, false, false)]
    [InlineData("--first 5", 5UL, false, true)]
    [InlineData("--all", ulong.MaxValue, false, false)]
    [InlineData("-f", 0UL, true, false)]
    [InlineData("-f --last 3", 3UL, true, false)]
    [InlineData("--since 5m", 0UL, false, false)]
    public void The_range_is_twenty_unless_told(string line, ulong number, bool follow, bool first)
    {
        var request = Read(line).Request;
        Assert.Equal((number, follow, first), (request.Number, request.Follow, request.First));
    }

    [Theory]
    [InlineData("90s", "2026-12-28T12:59:15.658")]
    [InlineData("1h30m", "2026-12-28T11:30:45.658")]
    [InlineData("2026-01-02", "2026-01-02T00:00:00.000")]
    [InlineData("2026-01-02T15Z", "2026-01-02T15:00:00.000")]
    [InlineData("2026-01-02T15:04:05+01:00", "2026-01-02T14:04:05.000")]
    [InlineData("2026-01-02T15:04:05.125Z", "2026-01-02T15:04:05.125")]
    public void A_time_is_a_duration_ago_or_a_date(string text, string expected) => Assert.Equal(
        expected,
        ObserveTime.Parse(text, new SteppedTime().Now).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture));

    private static string Filters(string line)
    {
        var request = Read(line).Request;
        var formatter = new Google.Protobuf.JsonFormatter(Google.Protobuf.JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));
        var white = string.Join(" | ", request.Whitelist.Select(filter => formatter.Format(filter)));
        var black = string.Join(" | ", request.Blacklist.Select(filter => formatter.Format(filter)));
        return black.Length == 0 ? white : $"{white} not {black}";
    }

    private static ObserveOptions Read(string line)
    {
        var flags = new ObserveFlags();
        var command = new Command("observe");
        flags.AddTo(command);
        var parsed = command.Parse(line);
        Assert.Empty(parsed.Errors);
        return flags.Read(parsed, new SteppedTime().Now);
    }
}
