using System.Security.Cryptography;
using System.Text;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd.Secrets;

/// <summary>No private key comes to light: whatever two nodes and an issuer say, at their most talkative, is searched for their keys.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class KeySecrecyTests : IAsyncLifetime
{
    private const int Rotations = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private LabCluster _lab = null!;
    private KeyTap _tap = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        _lab = await LabCluster.CreateAsync(new LabOptions { SvidLife = "6s" });
        await _lab.StartIssuerAsync("--ca-ttl", "60s");
        _tap = new KeyTap(_lab.IssuerSocket);
    }

    public async ValueTask DisposeAsync()
    {
        if (_tap is not null)
            await _tap.DisposeAsync();
        if (_lab is not null)
            await _lab.DisposeAsync();
    }

    [Fact]
    public async Task No_private_key_is_in_anything_that_is_said_or_written()
    {
        var server = await _lab.AddPodAsync(_lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")));
        var client = await _lab.AddPodAsync(_lab.Nodes[0], "client", Mesh.ClientOptions);
        _lab.ApplyPolicy(Mesh.Policy("client"));
        await NginxServer.StartAsync(server, NginxServer.Demo);
        await Task.WhenAll(_lab.Nodes.Select(node => node.StartProxyAsync("--log-level", "debug")));
        await _lab.SettleAsync();
        await TalkThroughRotationsAsync(client, server);
        await ProvokeAsync(client, server);

        var keys = Needles();
        var said = await CollectAsync();

        Assert.True(keys.Count > 2 * Rotations, $"{keys.Count} keys");
        Assert.True(said.Count > 10 && said.All(one => one.Text.Length > 0 || one.Name.StartsWith('/')), string.Join('\n', said.Select(one => $"{one.Name} {one.Text.Length}")));
        Assert.Empty(said.SelectMany(one => Find(keys, one.Text).Select(found => $"{one.Name}: {found}")));
    }

    // What has the keys is found by the same search, or the search proves nothing.
    [Fact]
    public async Task The_search_finds_a_key_where_there_is_one()
    {
        var pod = await _lab.AddPodAsync(_lab.Nodes[0], "client", Mesh.ClientOptions);
        await _lab.Nodes[0].StartProxyAsync();
        await _lab.AwaitSvidAsync(pod, isHeld: true);
        var keys = Needles();

        var authority = Directory.EnumerateFiles(_lab.IssuerState, "*.pem", SearchOption.AllDirectories).SelectMany(path => Find(keys, File.ReadAllBytes(path))).ToArray();
        Assert.Contains(authority, form => form.Contains("authority", StringComparison.Ordinal));
        Assert.Contains("a marker of PEM", authority);
        var leaf = _tap.Keys[0];
        foreach (var text in (byte[][])[leaf, Encoding.ASCII.GetBytes(Convert.ToHexString(leaf)), Encoding.ASCII.GetBytes(Convert.ToBase64String([7, .. leaf, 7, 7]))])
            Assert.Contains(Find(keys, text), form => form.StartsWith("SVID", StringComparison.Ordinal));
        await _lab.Nodes[0].StopProxyAsync();
    }

    [Fact]
    public async Task Neither_the_daemon_nor_the_issuer_is_dumped()
    {
        var daemon = await _lab.Nodes[0].StartProxyAsync("--log-level", "debug");
        foreach (var pid in (int[])[daemon.Pid, _lab.Issuer!.Pid])
        {
            var limits = await File.ReadAllLinesAsync($"/proc/{pid}/limits", TestContext.Current.CancellationToken);
            var core = limits.Single(line => line.StartsWith("Max core file size", StringComparison.Ordinal));
            Assert.Equal(["0", "0", "bytes"], core["Max core file size".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        await daemon.StopAsync();
    }

    // The runtime writes dumps of its own past the kernel's limits; it is told so at its start and no later.
    [Fact]
    public async Task The_runtimes_own_dumps_are_turned_off_even_if_somebody_asks_for_them()
    {
        var directory = _lab.Directory.Make("asked");
        var issuer = LabProcess.Start(_lab.Directory, "asked", null,
        [
            "env", "DOTNET_DbgEnableMiniDump=1", "COMPlus_DbgEnableMiniDump=1", _lab.RequireNodeProxy(), "issuer",
            "--socket", Path.Combine(directory, "issuer.sock"), "--state-dir", Path.Combine(directory, "state"), "--trust-domain", "asked.test",
        ]);
        await issuer.WaitForLogAsync("issuer ready", Patience);
        var environment = Encoding.UTF8.GetString(await File.ReadAllBytesAsync($"/proc/{issuer.Pid}/environ", TestContext.Current.CancellationToken));
        Assert.DoesNotContain("MiniDump", environment, StringComparison.Ordinal);
        Assert.Contains("PATH=", environment, StringComparison.Ordinal);
        await issuer.StopAsync();
    }

    private async Task TalkThroughRotationsAsync(LabPod client, LabPod server)
    {
        await _lab.AwaitSvidAsync(client, isHeld: true);
        await _lab.AwaitSvidAsync(server, isHeld: true);
        var (first, served) = (_tap.Keys.Count, 0);
        var reached = await Wait.UntilAsync(
            async () =>
            {
                served += (await Curl.AskAsync(client, $"http://{server.IPv4}/")).IsOk ? 1 : 0;
                return _tap.Keys.Count >= first + (2 * Rotations) && served > Rotations;
            },
            Patience);
        Assert.True(reached, $"{_tap.Keys.Count} keys passed, {served} requests were served");
    }

    /// <summary>What goes wrong says more than what goes right.</summary>
    private async Task ProvokeAsync(LabPod client, LabPod server)
    {
        await Curl.AskAsync(client, $"http://{server.IPv4}:81/");
        await _lab.Nodes[0].RunAsync("curl", "-qsSk", "--noproxy", "*", "--max-time", "2", $"https://{server.IPv4}/");
        _lab.WithdrawEntry("client");
        await _lab.AwaitSvidAsync(client, isHeld: false);
        await Curl.AskAsync(client, $"http://{server.IPv4}/");
        await _lab.Issuer!.StopAsync();
        await _lab.Nodes[0].Proxy!.WaitForLogAsync($"from {_lab.IssuerSocket}: ", Patience);
    }

    private List<SecretNeedles> Needles()
    {
        var keys = new List<SecretNeedles>();
        foreach (var pkcs8 in _tap.Keys)
        {
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            keys.Add(new SecretNeedles($"SVID key {keys.Count}", key));
        }

        foreach (var path in Directory.EnumerateFiles(_lab.IssuerState, "*.pem", SearchOption.AllDirectories))
        {
            if (File.ReadAllText(path) is var text && !text.Contains("PRIVATE KEY", StringComparison.Ordinal))
                continue;
            using var key = ECDsa.Create();
            key.ImportFromPem(text);
            keys.Add(new SecretNeedles("the authority's key", key));
        }

        return keys;
    }

    private static IEnumerable<string> Find(List<SecretNeedles> keys, byte[] text) =>
        [.. keys.SelectMany(key => key.FindIn(text)), .. text.AsSpan().IndexOf("PRIVATE KEY"u8) >= 0 ? (string[])["a marker of PEM"] : []];

    private async Task<List<(string Name, byte[] Text)>> CollectAsync()
    {
        var program = _lab.RequireNodeProxy();
        var said = new List<(string, byte[])>();
        foreach (var node in _lab.Nodes)
        {
            foreach (var arguments in (string[][])[["status"], ["identity"], ["identity", "-o", "json"], ["identity", "--pod", "server"]])
                Add($"{node.Name}: {string.Join(' ', arguments)}", await node.RunAsync([program, .. arguments]));
            foreach (var path in (string[])["healthz", "readyz", "statusz", "metrics"])
                Add($"{node.Name}: /{path}", await node.RunAsync("curl", "-qsS", "--noproxy", "*", $"http://127.0.0.1:15020/{path}"));
            foreach (var name in (string[])["environ", "cmdline", "limits", "status"])
                said.Add(($"/proc of {node.Name}: {name}", await File.ReadAllBytesAsync($"/proc/{node.Proxy!.Pid}/{name}", TestContext.Current.CancellationToken)));
        }

        foreach (var form in (string[])["compact", "json", "dict", "table"])
            Add($"observe {form}", await _lab.ObserveAsync("--last", "2000", "-o", form));
        // The logs of all processes, run directories, manifests, everything of the lab but the issuer's own state.
        foreach (var path in Directory.EnumerateFiles(_lab.Directory.FullPath, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(_lab.IssuerState, StringComparison.Ordinal) && IsFile(path)))
            said.Add((path, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken)));
        return said;

        void Add(string name, CommandResult result) => said.Add((name, Encoding.UTF8.GetBytes(result.Output + result.Errors)));
    }

    private static bool IsFile(string path) => (File.GetAttributes(path) & FileAttributes.Device) == 0 && new FileInfo(path).Length > 0;
}
