using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Pods that dial themselves, pods with several addresses, and addresses that go from one pod to another.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class AddressTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_pod_reaches_itself_by_its_service_as_policy_says_and_by_its_own_address_always()
    {
        var pod = await nodes.AddAsync(nodes.A, "self", PodOptions.WithLabels(("app", "self")));
        var nginx = await NginxServer.StartAsync(pod, NginxServer.Demo);
        var service = nodes.Lab.AddService("self", 80, pod);
        await nodes.ApplyAsync("self", client: "self");

        var ipv4 = await Curl.AskAsync(pod, service, "GET", "/service4");
        var ipv6 = await Curl.AskAsync(pod, service, "GET", "/service6", ipv6: true);
        await nodes.ApplyAsync("self", client: "other");
        var denied = await Curl.AskAsync(pod, service, "GET", "/denied");
        var own = await Curl.AskAsync(pod, TwoNodes.Url(pod.IPv6, "own"));

        Assert.True(ipv4.IsOk && ipv6.IsOk, $"{ipv4} {ipv6}");
        Assert.True(await nginx.AwaitRequestAsync($"{pod.IPv4} GET /service4 200"), string.Join('\n', nginx.Requests()));
        Assert.True(await nginx.AwaitRequestAsync($"{pod.IPv6} GET /service6 200"), string.Join('\n', nginx.Requests()));
        Assert.Equal(CurlAnswer.TimedOut, denied.ExitCode);
        Assert.True(own.IsOk, own.ToString());
        await nginx.Process.StopAsync();
        await nodes.Lab.DeletePodAsync(pod);
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task Every_address_of_a_pod_is_captured_and_speaks_for_it(Placement placement)
    {
        string[] more = ["10.0.2.201", "fd00:0:0:2::c9"];
        var server = await nodes.AddAsync(nodes.B, "several", PodOptions.WithLabels(("app", "several")) with { MoreAddresses = more });
        var client = placement == Placement.BetweenNodes
            ? await nodes.AddAsync(nodes.A, "double", PodOptions.WithLabels(("app", "client")) with { MoreAddresses = ["10.0.1.202", "fd00:0:0:1::ca"] })
            : await nodes.AddAsync(nodes.B, "double", PodOptions.WithLabels(("app", "client")) with { MoreAddresses = ["10.0.2.202", "fd00:0:0:2::ca"] });
        var stranger = await nodes.AddAsync(nodes.A, "stranger", new() { IsEnrolled = false });
        var nginx = await NginxServer.StartAsync(server, NginxServer.Demo);
        await nodes.ApplyAsync("several", client: "client", authenticated: true);
        foreach (var (to, from) in (string[])[server.IPv4, server.IPv6, .. more] is var all ? all.SelectMany(to => Sources(client, to).Select(from => (to, from))) : [])
        {
            var path = $"{to}-{from}".Replace(':', '.');
            var answer = await Curl.AskAsync(client, TwoNodes.Url(to, path), "--interface", from);
            Assert.True(answer.IsOk, $"{to} from {from}: {answer}");
            Assert.True(await Wait.UntilAsync(() => nginx.Requests().Any(line => line.EndsWith($"GET /{path} 200", StringComparison.Ordinal) && Sources(client, to).Contains(line.Split(' ')[0])), Patience), string.Join('\n', nginx.Requests()));
        }

        var denied = await Task.WhenAll(more.Select(to => Curl.AskAsync(stranger, TwoNodes.Url(to, "stranger"))));
        Assert.All(denied, answer => Assert.Equal(CurlAnswer.TimedOut, answer.ExitCode));
        await nginx.Process.StopAsync();
        foreach (var pod in (LabPod[])[server, client, stranger])
        {
            await nodes.Lab.DeletePodAsync(pod);
        }
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task An_address_that_goes_to_another_pod_takes_nothing_of_the_old_one_with_it(Placement placement)
    {
        var server = await nodes.AddAsync(nodes.B, $"target-{(int)placement}", PodOptions.WithLabels(("app", "target")));
        var (node, tenant) = placement == Placement.BetweenNodes ? (nodes.A, "tenant") : (nodes.B, "tenant-near");
        var nginx = await NginxServer.StartAsync(server, NginxServer.Demo);
        var old = await nodes.AddAsync(node, tenant, PodOptions.WithLabels(("app", "client")));
        await nodes.ApplyAsync("target", client: "client", authenticated: true);
        var live = old.Start(Peer.Program, "peer", "requests", server.IPv4, "80", "GET", "/old");
        await live.WaitForLogAsync(" 200");

        // The same name, so the same namespace's name, and the same addresses: another pod all the same.
        await nodes.Lab.DeletePodAsync(old);
        var isCut = await Wait.UntilAsync(async () => (await server.RunAsync("ss", "-Htn", "state", "established", "sport", "=", ":80")).Output.Length == 0, Patience);
        await live.StopAsync();
        var heir = await nodes.AddAsync(node, tenant, PodOptions.WithLabels(("app", "other")) with { Addresses = (old.IPv4, old.IPv6) });
        var asHeir = await Curl.AskAsync(heir, TwoNodes.Url(server.IPv4, "heir"));
        await nodes.Lab.DeletePodAsync(heir);
        var open = await nodes.AddAsync(node, "open", PodOptions.WithLabels(("app", "client")) with { IsEnrolled = false, Addresses = (old.IPv4, old.IPv6) });
        var asOpen = await Curl.AskAsync(open, TwoNodes.Url(server.IPv4, "open"));
        await nodes.Lab.DeletePodAsync(open);
        var again = await nodes.AddAsync(node, "again", PodOptions.WithLabels(("app", "client")) with { Addresses = (old.IPv4, old.IPv6) });
        var asAgain = await Curl.AskAsync(again, TwoNodes.Url(server.IPv4, "again"));

        Assert.True(isCut, "a connection of the old pod is left at the server");
        Assert.Equal(CurlAnswer.TimedOut, asHeir.ExitCode);
        Assert.NotEqual(0, asOpen.ExitCode);
        Assert.True(asAgain.IsOk, asAgain.ToString());
        Assert.True(await nginx.AwaitRequestAsync($"{old.IPv4} GET /again 200"));
        Assert.True(nginx.Requests().Select(line => line.Split(' ')[2]).Distinct().SequenceEqual(["/old", "/again"]), string.Join('\n', nginx.Requests()) + live.Log);
        await nginx.Process.StopAsync();
        await nodes.Lab.DeletePodAsync(again);
        await nodes.Lab.DeletePodAsync(server);
    }

    [Fact]
    public async Task A_live_connection_ends_when_its_servers_address_goes_to_another_pod()
    {
        var server = await nodes.AddAsync(nodes.B, "landlord", PodOptions.WithLabels(("app", "landlord")));
        var client = await nodes.AddAsync(nodes.A, "caller", PodOptions.WithLabels(("app", "caller")));
        var serving = server.Start(Peer.Program, "peer", "serve", "echo", "80", "0");
        await serving.WaitForLogAsync("listening");
        var live = client.Start(Peer.Program, "peer", "idle", server.IPv4, "80");
        await live.WaitForLogAsync("answered hello");

        await nodes.Lab.DeletePodAsync(server);
        var heir = await nodes.AddAsync(nodes.B, "heir", PodOptions.WithLabels(("app", "heir")) with { Addresses = (server.IPv4, server.IPv6) });
        await live.WaitForExitAsync(Patience);

        var nginx = await NginxServer.StartAsync(heir, NginxServer.Demo);
        await nodes.ApplyAsync("heir", client: "nobody");
        var denied = await Curl.AskAsync(client, TwoNodes.Url(heir.IPv4, "x"));
        await nodes.ApplyAsync("heir", client: "caller");
        var allowed = await Curl.AskAsync(client, TwoNodes.Url(heir.IPv4, "y"));
        Assert.Contains("closed: ConnectionReset", live.Log, StringComparison.Ordinal);
        Assert.Equal(CurlAnswer.TimedOut, denied.ExitCode);
        Assert.True(allowed.IsOk, allowed.ToString());
        await nginx.Process.StopAsync();
        await nodes.Lab.DeletePodAsync(heir);
        await nodes.Lab.DeletePodAsync(client);
    }

    private static string[] Sources(LabPod pod, string to) =>
        [.. ((string[])[pod.IPv4, pod.IPv6, .. pod.Options.MoreAddresses]).Where(address => address.Contains(':', StringComparison.Ordinal) == to.Contains(':', StringComparison.Ordinal))];
}
