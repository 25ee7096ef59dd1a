using System.Text.Json;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes whose node-proxy each test starts anew with limits of its own: a server, and clients that harm or are harmed.</summary>
public sealed class BoundedMesh : IAsyncLifetime
{
    public const int Port = 80;

    private readonly string directory = Directory.CreateTempSubdirectory("node-proxy-limits-").FullName;

    public LabCluster Lab { get; private set; } = null!;

    public LabPod Server { get; private set; } = null!;

    /// <summary>Another server on the server's node, which the others do not need.</summary>
    public LabPod Victim { get; private set; } = null!;

    /// <summary>On the server's node.</summary>
    public LabPod Flooder { get; private set; } = null!;

    /// <summary>On the server's node.</summary>
    public LabPod Quiet { get; private set; } = null!;

    /// <summary>On the other node.</summary>
    public LabPod FarFlooder { get; private set; } = null!;

    /// <summary>On the other node.</summary>
    public LabPod FarQuiet { get; private set; } = null!;

    private string DescriptorFile => Path.Combine(directory, "descriptors");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Lab = await LabCluster.CreateAsync(new LabOptions { NodeProxy = WriteProgram(new LabOptions().NodeProxy) });
        var client = Mesh.ClientOptions;
        Server = await Lab.AddPodAsync(Lab.Nodes[0], "server", PodOptions.WithLabels(("app", "server")));
        Victim = await Lab.AddPodAsync(Lab.Nodes[0], "victim", PodOptions.WithLabels(("app", "server")));
        Flooder = await Lab.AddPodAsync(Lab.Nodes[0], "flooder", client);
        Quiet = await Lab.AddPodAsync(Lab.Nodes[0], "quiet", client);
        FarFlooder = await Lab.AddPodAsync(Lab.Nodes[1], "far-flooder", client);
        FarQuiet = await Lab.AddPodAsync(Lab.Nodes[1], "far-quiet", client);
        Lab.ApplyPolicy(Mesh.Policy("client"));
        await Lab.StartIssuerAsync();
        await ServeAsync(Server, "echo", Port);
        await ServeAsync(Victim, "echo", Port);
    }

    public static Task ServeAsync(LabPod pod, string mode, int port, long bytes = 0) =>
        pod.Start(Peer.Program, "peer", "serve", mode, $"{port}", $"{bytes}").WaitForLogAsync("listening");

    /// <summary>Starts both node-proxies anew, with one worker each, so that all share it.</summary>
    public async Task RestartAsync(int? descriptors, params string[] arguments)
    {
        await Task.WhenAll(Lab.Nodes.Select(node => node.StopProxyAsync()));
        await File.WriteAllTextAsync(DescriptorFile, $"{descriptors}");
        await Task.WhenAll(Lab.Nodes.Select(node => node.StartProxyAsync(["--workers", "1", .. arguments])));
        File.Delete(DescriptorFile);
        await Lab.SettleAsync();
        await ConnectsAsync(Quiet, 1);
    }

    /// <summary>One connection after another, each with an exchange; all must succeed.</summary>
    public async Task<TimeSpan> ConnectsAsync(LabPod client, int count)
    {
        var start = TimeProvider.System.GetTimestamp();
        (await client.RunAsync(Command("connects", Port, $"{count}"), TimeSpan.FromMinutes(1))).Require();
        return TimeProvider.System.GetElapsedTime(start);
    }

    public string[] Command(string mode, int port, params string[] rest) => [Peer.Program, "peer", mode, Server.IPv4, $"{port}", .. rest];

    /// <summary>A number below "limits" of the server's node.</summary>
    public async Task<long> ReadAsync(string group, string name)
    {
        var answer = (await Lab.Nodes[0].RunAsync("curl", "-qsS", "--noproxy", "*", "--max-time", "5", "http://127.0.0.1:15020/statusz")).Require();
        using var status = JsonDocument.Parse(answer.Output);
        return status.RootElement.GetProperty("limits").GetProperty(group).GetProperty(name).GetInt64();
    }

    public async ValueTask DisposeAsync()
    {
        if (Lab is not null)
            await Lab.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>The program under test behind a script that lowers the limit of descriptors where a test says so.</summary>
    private string WriteProgram(string program)
    {
        var path = Path.Combine(directory, "node-proxy");
        File.WriteAllText(path, $"""
            #!/bin/sh
            limit=$(cat {DescriptorFile} 2>/dev/null)
            [ -z "$limit" ] || ulimit -n "$limit"
            exec {program} "$@"

            """);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
