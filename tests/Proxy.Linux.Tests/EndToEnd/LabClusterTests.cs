using System.Diagnostics;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class LabClusterTests
{
    [Fact]
    public async Task Pods_on_two_nodes_reach_each_other_over_both_families()
    {
        await using var lab = await LabCluster.CreateAsync();
        var server = await lab.AddPodAsync(lab.Nodes[1], "server");
        var far = await lab.AddPodAsync(lab.Nodes[0], "far");
        var near = await lab.AddPodAsync(lab.Nodes[1], "near");
        var nginx = await NginxServer.StartAsync(server, NginxServer.Demo);

        foreach (var client in (LabPod[])[far, near])
        {
            Assert.True((await Curl.AskAsync(client, $"http://{server.IPv4}/")).IsOk);
            Assert.True((await Curl.AskAsync(client, $"http://[{server.IPv6}]/")).IsOk);
            Assert.True(await nginx.AwaitRequestAsync($"{client.IPv4} GET / 200"));
            Assert.True(await nginx.AwaitRequestAsync($"{client.IPv6} GET / 200"));
        }
    }

    [Fact]
    public async Task A_service_address_leaves_no_node_without_a_proxy()
    {
        await using var lab = await LabCluster.CreateAsync();
        var server = await lab.AddPodAsync(lab.Nodes[1], "server");
        var client = await lab.AddPodAsync(lab.Nodes[0], "client");
        await NginxServer.StartAsync(server, NginxServer.Demo);
        var service = lab.AddService("server", 80, server);

        Assert.NotEqual(0, (await Curl.AskAsync(client, service, "GET", "/")).ExitCode);
    }

    [Fact]
    public async Task A_twin_answers_in_the_place_of_its_pod_until_it_is_disposed()
    {
        await using var lab = await LabCluster.CreateAsync();
        var pod = await lab.AddPodAsync(lab.Nodes[1], "server");
        var client = await lab.AddPodAsync(lab.Nodes[0], "client");
        var nginx = await NginxServer.StartAsync(pod, NginxServer.Demo);

        await using (var twin = await pod.CreateTwinAsync())
        {
            Assert.Equal(7, (await Curl.AskAsync(client, $"http://{pod.IPv4}/")).ExitCode);
            var listener = await NginxServer.StartAsync(client, NginxServer.Demo);
            (await twin.RunAsync(["curl", "-qsS", "--noproxy", "*", $"http://{client.IPv4}/"])).Require();
            Assert.True(await listener.AwaitRequestAsync($"{pod.IPv4} GET / 200"));
        }

        Assert.True((await Curl.AskAsync(client, $"http://{pod.IPv4}/")).IsOk);
        Assert.True(await nginx.AwaitRequestAsync($"{client.IPv4} GET / 200"));
    }

    [Fact]
    public async Task The_link_between_the_nodes_can_be_captured()
    {
        await using var lab = await LabCluster.CreateAsync();
        var server = await lab.AddPodAsync(lab.Nodes[1], "server");
        var client = await lab.AddPodAsync(lab.Nodes[0], "client");
        await NginxServer.StartAsync(server, NginxServer.Demo);

        var capture = await lab.CaptureOnLinkAsync(lab.Nodes[0]);
        await Curl.AskAsync(client, $"http://{server.IPv4}/visible");
        await Curl.AskAsync(client, $"http://[{server.IPv6}]/visible");
        var segments = await capture.StopAsync();

        Assert.Equal(2, segments.Count(s => s.Contains("GET /visible"u8)));
        Assert.DoesNotContain(segments, s => s.BeginsTlsRecord);
    }

    [Fact]
    public async Task Two_labs_stand_side_by_side()
    {
        await using var one = await LabCluster.CreateAsync();
        await using var two = await LabCluster.CreateAsync();
        foreach (var lab in (LabCluster[])[one, two])
        {
            var server = await lab.AddPodAsync(lab.Nodes[1], "server");
            var client = await lab.AddPodAsync(lab.Nodes[0], "client");
            await NginxServer.StartAsync(server, NginxServer.Demo);
            Assert.True((await Curl.AskAsync(client, $"http://{server.IPv4}/")).IsOk);
        }
    }

    [Fact]
    public async Task A_lab_leaves_nothing_behind()
    {
        string id, directory;
        int pid;
        await using (var lab = await LabCluster.CreateAsync())
        {
            var server = await lab.AddPodAsync(lab.Nodes[0], "server");
            var nginx = await NginxServer.StartAsync(server, NginxServer.Demo);
            (id, directory, pid) = (lab.Directory.Id, lab.Directory.FullPath, nginx.Process.Pid);
        }

        Assert.False(Directory.Exists(directory));
        Assert.Empty(Directory.GetFiles("/run/netns", $"np-{id}-*"));
        Assert.Equal(0, ProcessTable.StartTimeOf(pid));
    }

    [Fact]
    public async Task A_lab_whose_owner_was_killed_is_removed_by_the_next_run()
    {
        var owner = Process.Start(new ProcessStartInfo(Peer.Program, ["peer", "lab"]) { RedirectStandardOutput = true })!;
        var words = (await owner.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!.Split(' ');
        var (id, pid) = (words[0], int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture));
        owner.Kill();
        await owner.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, ProcessTable.StartTimeOf(pid));

        await LabDirectory.ReapAsync();

        Assert.Empty(Directory.GetFiles("/run/netns", $"np-{id}-*"));
        Assert.Equal(0, ProcessTable.StartTimeOf(pid));
    }
}
