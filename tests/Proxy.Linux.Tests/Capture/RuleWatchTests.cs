using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Lab;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Kernel;
using Proxy.Linux.Tests.Kernel;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Linux.Tests.Capture;

/// <summary>What becomes of a captured pod whose rules somebody takes away.</summary>
public sealed class RuleWatchTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(500);

    private readonly TestPods _pods = new();
    private readonly LocalPods _local = new();
    private readonly ConcurrentQueue<string> _log = [];
    private readonly ConcurrentQueue<string> _alarms = [];
    private readonly string _file = Path.GetTempFileName();
    private RuleWatchOptions _options = new() { Every = TimeSpan.Zero, Gap = TimeSpan.Zero };
    private TimeProvider _time = TimeProvider.System;

    public static TheoryData<string, string> Losses => new()
    {
        { "nft", "mangle" }, { "legacy", "mangle" },
        { "nft", "raw" }, { "legacy", "raw" },
        { "nft", "everything" }, { "legacy", "everything" },
        { "nft", "routing rule" }, { "legacy", "routing rule" },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Rules_that_are_gone_stand_again_and_connections_are_judged_again(string variant, string lost)
    {
        var isAllowed = true;
        using var judge = new TestJudge(_pods.PodNamespace, _ => Volatile.Read(ref isAllowed));
        using var relay = new TestRelay(_pods.PodNamespace, TestVariants.Options(variant));
        using var far = new TestServer(_pods.FarNamespace, ipv4: true);
        using var near = new TestServer(_pods.PodNamespace, ipv4: true);
        var pass = await CaptureAsync(variant);

        Lose(variant, lost);
        await pass.UntilAsync(() => Report.Repairs == 1);

        Assert.Empty(new CaptureRules(TestVariants.Options(variant)).Verify(_pods.PodNamespace));
        Assert.Equal((null, true), (Report.Fault, Report.LastFault?.Length > 0));
        Assert.Contains(_alarms, line => line.Contains("no longer what was made", StringComparison.Ordinal) && line.Contains(Report.LastFault!, StringComparison.Ordinal));
        Assert.Contains(_alarms, line => line.Contains("stand again", StringComparison.Ordinal));
        Assert.Equal("hello", await TestClient.EchoAsync(_pods.PodNamespace, TestPods.FarIPv4, 80, Patience));
        Assert.Equal("hello", await TestClient.EchoAsync(_pods.FarNamespace, TestPods.PodIPv4, 80, Patience));
        Assert.Equal([true, false], relay.Seen.Select(seen => seen.IsOutbound));
        Volatile.Write(ref isAllowed, false);
        var (packets, reached) = (_pods.PacketsFromPod(ipv4: true), near.Accepted);
        Assert.Null(await TestClient.EchoAsync(_pods.PodNamespace, TestPods.FarIPv4, 80, ShortPatience));
        Assert.Null(await TestClient.EchoAsync(_pods.FarNamespace, TestPods.PodIPv4, 80, ShortPatience));
        Assert.Equal((packets, reached), (_pods.PacketsFromPod(ipv4: true), near.Accepted));
        await pass.UntilLookedAtAsync(2);
        Assert.Equal(1, Report.Repairs);
        Assert.Equal(2, _alarms.Count);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task What_began_while_the_pod_was_open_passes_nothing_more(string variant, bool ipv4)
    {
        using var judge = new TestJudge(_pods.PodNamespace, _ => true);
        using var relay = new TestRelay(_pods.PodNamespace, TestVariants.Options(variant));
        using var far = new TestServer(_pods.FarNamespace, ipv4);
        using var near = new TestServer(_pods.PodNamespace, ipv4);
        var pass = await CaptureAsync(variant);
        Lose(variant, "everything");
        using var outbound = await OpenAsync(_pods.PodNamespace, TestPods.FarAddress(ipv4));
        using var inbound = await OpenAsync(_pods.FarNamespace, TestPods.PodAddress(ipv4));
        Assert.Empty(relay.Seen);

        await pass.UntilAsync(() => Report.Repairs == 1);
        var sent = new byte[1000];
        Assert.False(await IsEchoedAsync(outbound, sent));
        Assert.False(await IsEchoedAsync(inbound, sent));
        Assert.DoesNotContain(_pods.InFar("ss -Htnie").Split('\n'), line => line.Contains("bytes_received:1010", StringComparison.Ordinal));
        Assert.DoesNotContain(_pods.InPod("ss -Htnie").Split('\n'), line => line.Contains("bytes_received:1010", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public async Task Rules_that_stand_are_not_touched(string variant)
    {
        using var judge = new TestJudge(_pods.PodNamespace, _ => true);
        using var relay = new TestRelay(_pods.PodNamespace, TestVariants.Options(variant));
        using var far = new TestServer(_pods.FarNamespace, ipv4: true);
        var pass = await CaptureAsync(variant);
        Assert.Equal("hello", await TestClient.EchoAsync(_pods.PodNamespace, TestPods.FarIPv4, 80, Patience));
        var counted = CapturedPackets(variant);
        Assert.True(counted > 0);

        await pass.UntilLookedAtAsync(3);

        Assert.True(CapturedPackets(variant) >= counted, "the rules were made anew");
        Assert.Equal((0, null), (Report.Repairs, Report.LastFault));
        Assert.Empty(_alarms);
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public async Task A_rule_that_says_something_else_under_the_same_comment_is_noticed(string variant)
    {
        var pass = await CaptureAsync(variant);
        await pass.UntilLookedAtAsync(1);
        const string Net = "\"second net: nothing leaves uncaptured\" -j ";
        var saved = _pods.InPod($"iptables-{variant}-save");
        Assert.Contains(Net + "DROP", saved, StringComparison.Ordinal);

        Restore($"iptables-{variant}", saved.Replace(Net + "DROP", Net + "RETURN", StringComparison.Ordinal));
        await pass.UntilAsync(() => Report.Repairs == 1);

        Assert.Contains(Net + "DROP", _pods.InPod($"iptables-{variant}-save"), StringComparison.Ordinal);
        Assert.Contains("a rule that was made is gone", Report.LastFault, StringComparison.Ordinal);
    }

    // The time stands still, so that no turn comes round.
    [Theory]
    [InlineData("nft", 1)]
    [InlineData("legacy", 0)]
    public async Task With_nft_a_change_is_looked_at_at_once_and_no_change_is_not(string variant, int repairs)
    {
        var time = new SetTime();
        (_time, _options) = (time, new());
        var pass = await CaptureAsync(variant);
        var looked = Report.LookedAt;
        Assert.NotNull(looked);
        time.Advance(_options.Gap);
        await pass.OnceAsync();
        time.Advance(_options.Gap);
        await pass.OnceAsync();
        Assert.Equal(looked, Report.LookedAt);

        Lose(variant, "everything");
        await pass.OnceAsync();

        Assert.Equal(repairs, Report.Repairs);
        looked = Report.LookedAt;
        time.Advance(_options.Gap);
        await pass.OnceAsync();
        Assert.Equal(looked, Report.LookedAt);
    }

    [Fact]
    public async Task Rules_that_cannot_be_made_right_make_the_node_not_ready_until_they_stand()
    {
        using var tools = TestTools.Complete();
        var pass = await CaptureAsync("nft", tools);
        tools.Fail("iptables-nft-restore", "", "not now", 1);
        Lose("nft", "mangle");

        await pass.UntilAsync(() => pass.Namespaces.Faults.Count == 1);
        Assert.Contains("not now", Assert.Single(pass.Namespaces.Faults).Value, StringComparison.Ordinal);
        Assert.False(await pass.OnceAsync());
        Assert.Contains(_log, line => line.Contains("is not captured as is wanted", StringComparison.Ordinal));

        tools.Mend("iptables-nft-restore");
        await pass.UntilAsync(() => Report.Repairs == 1 && pass.Namespaces.Faults.Count == 0);
        Assert.True(await pass.OnceAsync());
        Assert.Single(_alarms, line => line.Contains("no longer what was made", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pod_that_goes_away_in_the_middle_of_a_look_is_no_error()
    {
        using var tools = TestTools.Complete();
        using var home = NetworkNamespace.Current();
        var place = $"{_pods.Pod}-2";
        TestPods.Host($"ip netns add {place}");
        TestPods.Host($"ip -n {place} link set lo up");
        TestPods.Host($"ip -n {place} addr add {TestPods.PodIPv4}/32 dev lo");
        var namespaces = Make(home, "nft", tools);
        Assert.True(await namespaces.ReconcileAsync(Cluster(Pod("two", place)), CancellationToken.None));
        var pod = Assert.Single(_local.All);
        Assert.True(await Wait.UntilAsync(async () => await namespaces.ReconcileAsync(Cluster(Pod("two", place)), CancellationToken.None) && pod.Rules.LookedAt is not null, Limit));
        var begun = tools.Hold("ip");
        Assert.True(await Wait.UntilAsync(async () => await namespaces.ReconcileAsync(Cluster(Pod("two", place)), CancellationToken.None) && File.Exists(begun), Limit));

        TestPods.Host($"ip netns del {place}");
        var going = namespaces.ReconcileAsync(Cluster(), CancellationToken.None);
        File.Delete(begun);

        Assert.True(await going);
        Assert.Empty(namespaces.Faults);
        Assert.Empty(_local.All);
        Assert.Null(pod.Rules.Fault);
        Assert.Empty(_alarms);
    }

    [Fact]
    public async Task Other_exclusions_are_no_finding()
    {
        var pass = await CaptureAsync("nft");
        await pass.UntilLookedAtAsync(1);
        foreach (var port in (ushort[])[9000, 9001, 0])
        {
            pass.Cluster = Cluster(Pod("one", _pods.Pod, port));
            Assert.True(await pass.OnceAsync());
            await pass.UntilLookedAtAsync(2);
        }

        Assert.Equal((0, null), (Report.Repairs, Report.LastFault));
        Assert.DoesNotContain("excluded", _pods.InPod("iptables-nft-save"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_are_looked_at_in_turn_with_a_gap_between()
    {
        using var others = new TestPods();
        var time = new SetTime();
        (_time, _options) = (time, new());
        using var home = NetworkNamespace.Current();
        var namespaces = Make(home, "nft");
        var pass = new Passes(namespaces, _local) { Cluster = Cluster(Pod("one", _pods.Pod), Pod("two", others.Pod)) };
        await pass.UntilAsync(() => Looked().Length == 1);
        await pass.OnceAsync();
        await pass.OnceAsync();
        Assert.Single(Looked());

        time.Advance(_options.Gap);
        await pass.UntilAsync(() => Looked().Length == 2);
        var first = Looked();
        time.Advance(_options.Every - (2 * _options.Gap));
        await pass.OnceAsync();
        await pass.OnceAsync();
        Assert.Equal(first, Looked());

        time.Advance(_options.Gap);
        await pass.UntilAsync(() => !Looked().SequenceEqual(first));
        await pass.OnceAsync();
        Assert.Single(Looked().Intersect(first));
    }

    public void Dispose()
    {
        _pods.Dispose();
        File.Delete(_file);
    }

    private RuleReport Report => Assert.Single(_local.All).Rules;

    private DateTimeOffset[] Looked() => [.. _local.All.Select(pod => pod.Rules.LookedAt).OfType<DateTimeOffset>().Order()];

    private async Task<Passes> CaptureAsync(string variant, TestTools? tools = null)
    {
        using var home = NetworkNamespace.Current();
        var pass = new Passes(Make(home, variant, tools), _local) { Cluster = Cluster(Pod("one", _pods.Pod)) };
        Assert.True(await pass.OnceAsync());
        return pass;
    }

    private PodNamespaces Make(NetworkNamespace home, string variant, TestTools? tools = null)
    {
        var options = TestVariants.Options(variant);
        var rules = tools is null ? new CaptureRules(options) : new CaptureRules(options, CaptureTools.Find(options.Iptables, tools.Path));
        return new PodNamespaces("node", rules, home, options.ProxyMark, _local, (_, _) => Task.FromResult<IAsyncDisposable>(new Nothing()), _time, _log.Enqueue)
        {
            Watch = new RuleWatch(rules, _options, _time, _alarms.Enqueue),
        };
    }

    private void Lose(string variant, string lost)
    {
        foreach (var (tool, flag) in ((string, string)[])[($"iptables-{variant}", "-4"), ($"ip6tables-{variant}", "-6")])
        {
            if (lost is "mangle" or "raw")
                _pods.InPod($"{tool} -t {lost} -F");
            else if (lost == "routing rule")
                _pods.InPod($"ip {flag} rule del priority {new CaptureOptions().RulePriority}");
            else
                Restore(tool, "*raw\nCOMMIT\n*mangle\nCOMMIT\n*filter\nCOMMIT\n");
        }
    }

    private void Restore(string tool, string rules)
    {
        File.WriteAllText(_file, rules);
        _pods.InPod($"{tool}-restore {_file}");
    }

    private long CapturedPackets(string variant)
    {
        var line = _pods.InPod($"iptables-{variant}-save -c -t mangle").Split('\n').First(text => text.Contains("outbound: back in by the loopback", StringComparison.Ordinal));
        return long.Parse(line[1..line.IndexOf(':', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<Socket> OpenAsync(NetworkNamespace place, IPAddress address)
    {
        var socket = TestPods.NewSocket(place, address.AddressFamily == AddressFamily.InterNetwork);
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new IPEndPoint(address, 80), patience.Token);
        await socket.SendAsync(new byte[10], patience.Token);
        Assert.Equal(10, await socket.ReceiveAsync(new byte[100], patience.Token));
        return socket;
    }

    private static async Task<bool> IsEchoedAsync(Socket socket, byte[] bytes)
    {
        using var patience = new CancellationTokenSource(ShortPatience);
        try
        {
            await socket.SendAsync(bytes, patience.Token);
            return await socket.ReceiveAsync(new byte[10], patience.Token) > 0;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Workload Pod(string name, string place, ushort excluded = 0) => new()
    {
        Uid = name,
        Namespace = "default",
        Name = name,
        ServiceAccount = "default",
        NodeName = "node",
        Addresses = [Address.From(TestPods.PodIPv4)],
        Labels = new Dictionary<string, string>(),
        Mode = EnrolmentMode.Enabled,
        IsHostNetwork = false,
        NetworkNamespace = place,
        Identity = Identity.ForPod("default", "default", [], []),
        ExpectedId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/default"),
        Owners = [],
        IsDisputed = false,
        Exclusions = new Exclusions { InboundPorts = excluded == 0 ? [] : [new PortRange(excluded, excluded)] },
    };

    private static ClusterSnapshot Cluster(params Workload[] pods) => new() { Workloads = pods };

    /// <summary>The passes that the daemon makes, each with the look that it began.</summary>
    private sealed class Passes(PodNamespaces namespaces, LocalPods local)
    {
        public PodNamespaces Namespaces => namespaces;

        public required ClusterSnapshot Cluster { get; set; }

        public async Task<bool> OnceAsync()
        {
            var stands = await namespaces.ReconcileAsync(Cluster, CancellationToken.None);
            await namespaces.Watch!.Looking;
            return stands;
        }

        public async Task UntilAsync(Func<bool> condition)
        {
            var holds = await Wait.UntilAsync(
                async () =>
                {
                    await OnceAsync();
                    return condition();
                },
                Limit);
            Assert.True(holds, string.Join('\n', namespaces.Faults));
        }

        /// <summary>Until the pod has been looked at so many times more, the last time from beginning to end.</summary>
        public async Task UntilLookedAtAsync(int times)
        {
            var (pod, seen) = (local.All.Single(), new HashSet<DateTimeOffset?>());
            seen.Add(pod.Rules.LookedAt);
            await UntilAsync(() =>
            {
                seen.Add(pod.Rules.LookedAt);
                return seen.Count > times;
            });
        }
    }

    private sealed class SetTime : TimeProvider
    {
        private long _ticks = DateTimeOffset.UnixEpoch.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

        public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }

    private sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => default;
    }
}
