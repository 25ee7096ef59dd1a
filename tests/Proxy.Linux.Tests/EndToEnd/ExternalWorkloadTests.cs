using System.Text;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Pods and a machine outside the cluster that speaks SPIFFE's mutual TLS by itself, both ways.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ExternalWorkloadTests(TwoNodes nodes) : IClassFixture<TwoNodes>, IAsyncLifetime
{
    private const string Id = "spiffe://cluster.local/legacy/ledger";

    private static readonly TimeSpan FlowLimit = TimeSpan.FromSeconds(10);

    private TlsMachine machine = null!;
    private LabPod pod = null!;

    public async ValueTask InitializeAsync()
    {
        machine = await TlsMachine.CreateAsync(nodes.Lab, nodes.A, "ledger", "192.0.2.50", "2001:db8::50");
        pod = await nodes.AddAsync(nodes.A, "teller", PodOptions.WithLabels(("app", "teller")));
    }

    public async ValueTask DisposeAsync()
    {
        await nodes.Lab.ChangeAsync(() => nodes.Lab.RemovePolicy("external"));
        await machine.DisposeAsync();
        await nodes.Lab.DeletePodAsync(pod);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_machine_sees_the_pods_ID_and_the_wire_no_plaintext(bool ipv6)
    {
        await machine.ServeAsync(machine.Issue(Id));
        await machine.DeclareAsync(Id);
        await ApplyAsync(Egress("authentication: {mode: required}"));
        var wire = await WireCapture.StartAsync(nodes.Lab.Directory, machine.Place.NetworkNamespace, "eth0", $"tcp port {TlsMachine.Port}");

        var answer = await AskAsync("the-secret-path", ipv6 ? $"[{machine.IPv6}]" : machine.IPv4);

        var segments = await wire.StopAsync();
        Assert.True(answer.IsOk, $"{answer}\n{nodes.A.Proxy!.Log}");
        Assert.Equal(nodes.Lab.SpiffeIdOf("teller"), await machine.AwaitClientIdAsync());
        Assert.Contains(segments, segment => segment.IsTls13ServerHello);
        Assert.DoesNotContain(segments, segment => segment.Contains(Encoding.ASCII.GetBytes("the-secret-path")) || segment.Contains("open ledger"u8));
        var (line, all) = await nodes.Lab.AwaitFlowAsync(FlowLimit, "default/teller", "default/ledger", "FORWARDED");
        Assert.True(line is not null, all);
    }

    [Fact]
    public async Task Another_ID_and_another_authority_are_refused_with_their_reasons()
    {
        await machine.DeclareAsync(Id);
        await machine.ServeAsync(machine.Issue("spiffe://cluster.local/legacy/impostor"));
        await RefusedAsync("peer-unexpected-id");
        await machine.ServeAsync(machine.Issue(nodes.Lab.SpiffeIdOf("teller")));
        await RefusedAsync("peer-unexpected-id");
        await machine.ServeAsync(TestAuthority.Stranger(machine.Place.Files).Issue(Id));
        await RefusedAsync("peer-untrusted");

        await machine.ServeAsync(machine.Issue(Id));
        Assert.True((await AskAsync("again")).IsOk);
    }

    [Fact]
    public async Task A_trust_domain_whose_bundle_nobody_gave_is_refused()
    {
        await machine.ServeAsync(machine.Issue(Id));
        await machine.DeclareAsync("spiffe://example.org/legacy/ledger");
        await RefusedAsync("no-bundle");
    }

    [Fact]
    public async Task Ports_that_are_not_listed_are_refused()
    {
        await machine.ServeAsync(machine.Issue(Id));
        await machine.DeclareAsync(Id, ports: $"[{{name: https, port: {TlsMachine.Port}}}]");
        await ApplyAsync(Egress("toPorts: [{ports: [{port: https}]}]"));

        Assert.True((await AskAsync("listed")).IsOk);
        var refused = await Curl.AskAsync(pod, $"http://{machine.IPv4}:{TlsMachine.OtherPort}/");

        Assert.NotEqual(0, refused.ExitCode);
        var (line, all) = await nodes.Lab.AwaitFlowAsync(FlowLimit, "default/teller", "Reason: port-not-offered");
        Assert.True(line is not null, all);
    }

    [Theory]
    [InlineData("ledger", "ingress", "fromEndpoints", "teller")]
    [InlineData("teller", "egress", "toEndpoints", "ledger")]
    public async Task Requests_to_the_machine_are_judged_by_the_rules_of_either_side(string subject, string direction, string peers, string peer)
    {
        await machine.ServeAsync(machine.Issue(Id));
        await machine.DeclareAsync(Id);
        await ApplyAsync($$"""
              endpointSelector: {matchLabels: {app: {{subject}}} }
              {{direction}}:
                - {{peers}}: [{matchLabels: {app: {{peer}}} }]
                  authentication: {mode: required}
                  toPorts: [{ports: [{port: "{{TlsMachine.Port}}", protocol: TCP} ], rules: {http: [{method: GET, path: /balance}]} }]
            """);

        Assert.Equal(200, (await AskAsync("balance")).Status);
        Assert.Equal(403, (await AskAsync("transfer")).Status);
        var (line, all) = await nodes.Lab.AwaitFlowAsync(FlowLimit, "default/ledger", "http-request DROPPED", "/transfer");
        Assert.True(line is not null, all);
    }

    [Fact]
    public async Task Without_TLS_it_gets_plaintext_and_no_rule_that_demands_authentication_lets_it()
    {
        var plain = machine.Place.Start(Peer.Program, "peer", "serve", "echo", "7000", "0");
        await plain.WaitForLogAsync("listening");
        await machine.DeclareAsync("", tls: "none");
        string[] greet = [Peer.Program, "peer", "idle", machine.IPv4, "7000"];

        var open = pod.Start(greet);
        await open.WaitForLogAsync("answered hello");
        await ApplyAsync(Egress("authentication: {mode: required}"));
        await open.WaitForExitAsync(FlowLimit);
        var refused = await pod.RunAsync(greet, TimeSpan.FromSeconds(30));

        Assert.Contains("closed: ConnectionReset", open.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("answered hello", refused.Output, StringComparison.Ordinal);
        await plain.StopAsync();
    }

    [Fact]
    public async Task A_document_that_cannot_be_read_closes_its_addresses()
    {
        await machine.ServeAsync(machine.Issue(Id));
        await machine.DeclareAsync(Id, tls: "plaintext");

        Assert.NotEqual(0, (await Curl.AskAsync(pod, $"http://{machine.IPv4}:{TlsMachine.Port}/")).ExitCode);
        Assert.NotEqual(0, (await Curl.AskAsync(pod, $"http://[{machine.IPv6}]:{TlsMachine.Port}/")).ExitCode);
        var (line, all) = await nodes.Lab.AwaitFlowAsync(FlowLimit, "default/teller", "192.0.2.50", "Reason: unknown-server");
        Assert.True(line is not null, all);
        Assert.Contains("must be node-proxy, spiffe or none", await TwoNodes.StatusAsync(nodes.A), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_machine_reaches_the_pod_with_its_own_certificate_only(bool ipv6)
    {
        await machine.DeclareAsync(Id);
        await ApplyAsync("""
              endpointSelector: {matchLabels: {app: teller} }
              ingress:
                - fromEndpoints: [{matchLabels: {app: ledger} }]
                  authentication: {mode: required}
                  toPorts: [{ports: [{port: "80", protocol: TCP} ], rules: {http: [{method: GET, path: /report}]} }]
            """);
        var nginx = await NginxServer.StartAsync(pod, NginxServer.Demo);
        var host = ipv6 ? $"[{pod.IPv6}]" : pod.IPv4;

        var right = await machine.AskAsync(host, "report", machine.Issue(Id));
        var forbidden = await machine.AskAsync(host, "other", machine.Issue(Id));
        var wrong = await machine.AskAsync(host, "wrong", machine.Issue("spiffe://cluster.local/legacy/impostor"));
        var stranger = await machine.AskAsync(host, "stranger", TestAuthority.Stranger(machine.Place.Files).Issue(Id));
        var plain = await machine.AskAsync(host, "plain", null);

        Assert.True(right.Succeeded, $"{right}\n{nodes.A.Proxy!.Log}");
        Assert.Equal("demo\n", right.Output);
        Assert.Contains("Access denied", forbidden.Output, StringComparison.Ordinal);
        Assert.All((CommandResult[])[wrong, stranger, plain], answer => Assert.False(answer.Succeeded, answer.ToString()));
        Assert.True(await nginx.AwaitRequestAsync($"{(ipv6 ? machine.IPv6 : machine.IPv4)} GET /report 200"), string.Join('\n', nginx.Requests()));
        Assert.All(nginx.Requests(), request => Assert.Contains(" GET /report ", request, StringComparison.Ordinal));
        foreach (var reason in (string[])["peer-unexpected-id", "peer-untrusted", "handshake-failed"])
        {
            var (line, all) = await nodes.Lab.AwaitFlowAsync(FlowLimit, "default/ledger", $"Reason: {reason}");
            Assert.True(line is not null, all);
        }

        await nginx.Process.StopAsync();
    }

    [Fact]
    public async Task The_status_shows_it()
    {
        await machine.DeclareAsync(Id, ports: "[{port: 8443}]");

        Assert.Contains(
            """{"name":"default/ledger","addresses":["192.0.2.50","2001:db8::50"],"tls":"spiffe","spiffeId":"spiffe://cluster.local/legacy/ledger","bundle":true,"ports":["8443/TCP"],"disputed":false}""",
            await TwoNodes.StatusAsync(nodes.B),
            StringComparison.Ordinal);
    }

    private static string Egress(string more) => $$"""
          endpointSelector: {matchLabels: {app: teller} }
          egress:
            - toEndpoints: [{matchLabels: {app: ledger} }]
              {{more}}
        """;

    private Task ApplyAsync(string spec) => nodes.Lab.ChangeAsync(() => nodes.Lab.ApplyPolicy(
        $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: external\n  namespace: default\nspec:\n{spec}"));

    private Task<CurlAnswer> AskAsync(string path, string? host = null) =>
        Curl.AskAsync(pod, $"http://{host ?? machine.IPv4}:{TlsMachine.Port}/{path}");

    private async Task RefusedAsync(string reason)
    {
        var answer = await AskAsync("refused");
        Assert.NotEqual(0, answer.ExitCode);
        var (line, all) = await nodes.Lab.AwaitFlowAsync(FlowLimit, "default/teller", "default/ledger", $"Reason: {reason}");
        Assert.True(line is not null, all);
    }
}
