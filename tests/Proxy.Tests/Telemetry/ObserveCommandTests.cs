using Proxy.Commands.Observe;
using Proxy.Telemetry;
using Proxy.Telemetry.Protos;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Telemetry;

public sealed class ObserveCommandTests
{
    [Fact]
    public async Task Flows_of_several_nodes_come_in_the_order_of_time()
    {
        var time = new SteppedTime();
        await using var one = await ObserverDaemon.StartAsync("one", time);
        await using var two = await ObserverDaemon.StartAsync("two", time);
        foreach (var daemon in new[] { one, two, two, one, two })
        {
            daemon.Ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
            time.Now += TimeSpan.FromMilliseconds(1);
        }

        var (exitCode, output, _) = await ObserverDaemon.ObserveAsync("--server", one.Server, "--server", two.Server, "--print-node-name");
        Assert.Equal(0, exitCode);
        Assert.Equal(["one", "two", "two", "one", "two"], output.TrimEnd().Split('\n').Select(line => line.Split('[', ']')[1]));
    }

    [Fact]
    public async Task A_silent_node_does_not_hold_up_the_others()
    {
        await using var busy = await ObserverDaemon.StartAsync("busy", TimeProvider.System);
        await using var silent = await ObserverDaemon.StartAsync("silent", TimeProvider.System);
        for (var i = 0; i < 200; i++)
            busy.Ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var output = new CountingWriter(200, stop);
        var options = new ObserveOptions
        {
            Servers = [busy.Server, silent.Server],
            Request = new GetFlowsRequest { Follow = true, Number = 200 },
        };
        var run = new ObserveRun(options, output, TextWriter.Null, TimeProvider.System).RunAsync(stop.Token);
        Assert.Equal(0, await run.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(200, output.Lines);
    }

    [Fact]
    public async Task A_node_that_is_not_there_does_not_hide_the_others()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        daemon.Ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
        var (exitCode, output, errors) = await ObserverDaemon.ObserveAsync("--server", "unix:///nowhere/observer.sock", "--server", daemon.Server);
        Assert.Equal(3, exitCode);
        Assert.Contains("Policy denied DROPPED", output, StringComparison.Ordinal);
        Assert.Contains("unix:///nowhere/observer.sock", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_what_the_filters_name_is_printed()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        daemon.Ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
        daemon.Ring.Write(Sample.Request(FlowVerdict.Forwarded, "POST"u8, "/v1/request-landing"u8));
        var (_, output, _) = await ObserverDaemon.ObserveAsync("--server", daemon.Server, "--from-pod", "tiefighter", "-t", "l7");
        Assert.Equal(
            "Dec 28 13:00:45.658: default/tiefighter:37618 (ID:30913) -> default/deathstar-8464cdd4d9-p58cs:80 (ID:40182) "
            + "http-request FORWARDED (HTTP/1.1 POST http://deathstar.default.svc.cluster.local/v1/request-landing)\n",
            output);
    }

    [Fact]
    public async Task Json_has_the_names_of_the_API_and_the_reason()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        daemon.Ring.Write(Sample.Drop(Sample.Xwing, DropReason.AuthenticationRequired, "no-svid"));
        var (_, output, _) = await ObserverDaemon.ObserveAsync("--server", daemon.Server, "-o", "json");
        using var json = System.Text.Json.JsonDocument.Parse(output);
        var flow = json.RootElement.GetProperty("flow");
        Assert.Equal("AUTH_REQUIRED", flow.GetProperty("drop_reason_desc").GetString());
        Assert.Equal("xwing", flow.GetProperty("source").GetProperty("pod_name").GetString());
        Assert.Equal("reason=no-svid", flow.GetProperty("policy_log")[0].GetString());
        Assert.Equal("TCP Flags: SYN; Reason: no-svid", flow.GetProperty("Summary").GetString());
        Assert.Equal(Sample.Node, json.RootElement.GetProperty("node_name").GetString());
    }

    [Fact]
    public async Task Dict_and_table_name_their_fields()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        daemon.Ring.Write(Sample.Drop(Sample.Xwing, DropReason.PolicyDenied));
        var (_, dict, _) = await ObserverDaemon.ObserveAsync("--server", daemon.Server, "-o", "dict");
        Assert.Contains("\nDESTINATION: default/deathstar-8464cdd4d9-p58cs:80\n       TYPE: Policy denied\n", dict, StringComparison.Ordinal);
        var (_, table, _) = await ObserverDaemon.ObserveAsync("--server", daemon.Server, "-o", "table");
        Assert.StartsWith("TIMESTAMP             SOURCE ", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_that_is_not_there_is_named()
    {
        var (exitCode, output, errors) = await ObserverDaemon.ObserveAsync("--server", "unix:///nowhere/observer.sock");
        Assert.Equal(3, exitCode);
        Assert.Empty(output);
        Assert.Contains("unix:///nowhere/observer.sock", errors, StringComparison.Ordinal);
        Assert.Contains("node-proxy run", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--verdict", "nonsense")]
    [InlineData("--server", "tcp:host:1")]
    public async Task A_wrong_command_line_is_a_usage_fault(params string[] line)
    {
        var (exitCode, _, errors) = await ObserverDaemon.ObserveAsync(line);
        Assert.Equal(2, exitCode);
        Assert.NotEmpty(errors);
    }

    [Fact]
    public async Task A_filter_that_the_daemon_refuses_is_a_fault_with_its_words()
    {
        await using var daemon = await ObserverDaemon.StartAsync();
        var (exitCode, _, errors) = await ObserverDaemon.ObserveAsync("--server", daemon.Server, "--http-path", "(");
        Assert.Equal(1, exitCode);
        Assert.Contains("invalid regular expression", errors, StringComparison.Ordinal);
    }

    /// <summary>Stops the run once enough lines were written.</summary>
    private sealed class CountingWriter(int enough, CancellationTokenSource stop) : StringWriter
    {
        public int Lines { get; private set; }

        public override void WriteLine(string? value)
        {
            if (++Lines == enough)
                stop.Cancel();
        }
    }
}
