using Proxy.Cluster;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public class ManifestClusterTests
{
    [Fact]
    public async Task A_bug_while_following_is_told_and_the_cluster_is_followed_on()
    {
        var root = Directory.CreateTempSubdirectory("node-proxy-manifests-").FullName;
        var told = new TaskCompletionSource<string>();
        var followed = new TaskCompletionSource();
        await using (var cluster = new ManifestCluster(root, new ClusterOptions(), TimeProvider.System, Log))
        {
            cluster.Changed += snapshot => _ = snapshot.Workloads.Count == 1 && followed.TrySetResult();
            await cluster.StartAsync(TestContext.Current.CancellationToken);
            File.WriteAllText(Path.Combine(root, "unknown.yaml"), "{apiVersion: v9, kind: Odd, metadata: {name: a}}");
            Assert.Contains("a bug", await Engine.Patience.Soon(told.Task), StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(root, "pod.yaml"), Manifests.Pod("one", "10.0.0.1"));
            await Engine.Patience.Soon(followed.Task);
        }

        Directory.Delete(root, recursive: true);

        void Log(string line)
        {
            if (line.Contains("v9 Odd", StringComparison.Ordinal))
                throw new FormatException("a bug");
            told.TrySetResult(line);
        }
    }

    [Fact]
    public async Task A_missing_directory_refuses_the_start()
    {
        await using var cluster = new ManifestCluster(
            "/nonexistent/manifests", new ClusterOptions(), TimeProvider.System, _ => { });

        var refused = await Assert.ThrowsAnyAsync<IOException>(
            () => cluster.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("/nonexistent/manifests", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trust_domain_that_is_none_refuses_the_start() =>
        Assert.Throws<ArgumentException>(() => new ManifestCluster(
            "/tmp", new ClusterOptions { TrustDomain = "not a domain" }, TimeProvider.System, _ => { }));

    [Fact]
    public async Task New_changed_renamed_and_deleted_files_take_effect()
    {
        await using var manifests = new LiveManifests();
        Assert.Equal(1, (await manifests.StartAsync()).Revision);

        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.1")) is not null);

        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.2"));
        await manifests.UntilAsync(snapshot =>
            snapshot.FindWorkload(Ip("10.0.0.2")) is not null && snapshot.FindWorkload(Ip("10.0.0.1")) is null);

        File.Move(manifests.PathOf("pod.yaml"), manifests.PathOf("pod.off"));
        await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 0);

        File.Move(manifests.PathOf("pod.off"), manifests.PathOf("pod.yml"));
        await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 1);

        manifests.Delete("pod.yml");
        await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 0);
    }

    [Fact]
    public async Task A_change_takes_effect_within_a_second()
    {
        await using var manifests = new LiveManifests();
        await manifests.StartAsync();

        for (var i = 1; i <= 10; i++)
        {
            var before = TimeProvider.System.GetTimestamp();
            manifests.Put("pod.yaml", Manifests.Pod("web-1", $"10.0.0.{i}"));
            await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip($"10.0.0.{i}")) is not null);
            Assert.InRange(TimeProvider.System.GetElapsedTime(before), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Directories_below_count_and_hidden_ones_do_not()
    {
        await using var manifests = new LiveManifests();
        await manifests.StartAsync();

        Directory.CreateDirectory(manifests.PathOf("team"));
        Directory.CreateDirectory(manifests.PathOf(".git"));
        manifests.Put(".git/pod.yaml", Manifests.Pod("hidden", "10.0.0.9"));
        manifests.Put("team/pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.1")) is not null);

        manifests.Put("team/pod.yaml", Manifests.Pod("web-1", "10.0.0.2"));
        var snapshot = await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.2")) is not null);

        Assert.Null(snapshot.FindWorkload(Ip("10.0.0.9")));
    }

    [Fact]
    public async Task A_file_behind_a_swapped_symbolic_link_is_read_again()
    {
        await using var manifests = new LiveManifests();
        Directory.CreateDirectory(manifests.PathOf("..v1"));
        Directory.CreateDirectory(manifests.PathOf("..v2"));
        manifests.Put("..v1/pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        manifests.Put("..v2/pod.yaml", Manifests.Pod("web-1", "10.0.0.2"));
        File.CreateSymbolicLink(manifests.PathOf("..data"), "..v1");
        File.CreateSymbolicLink(manifests.PathOf("pod.yaml"), "..data/pod.yaml");
        Assert.NotNull((await manifests.StartAsync()).FindWorkload(Ip("10.0.0.1")));

        File.Delete(manifests.PathOf("..data"));
        File.CreateSymbolicLink(manifests.PathOf("..data"), "..v2");

        await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.2")) is not null);
    }

    [Fact]
    public async Task A_half_written_file_does_no_harm_and_counts_when_it_is_complete()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        await manifests.StartAsync();
        var text = Manifests.Pod("web-1", "10.0.0.2") + "\n---\n" + Manifests.Pod("web-2", "10.0.0.3");

        await using (var file = new StreamWriter(manifests.PathOf("pod.yaml"), append: false))
        {
            await file.FlushAsync(TestContext.Current.CancellationToken);
            var empty = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 1);
            Assert.NotNull(empty.FindWorkload(Ip("10.0.0.1")));

            await file.WriteAsync(text[..^3]);
            await file.FlushAsync(TestContext.Current.CancellationToken);
            var half = await manifests.UntilAsync(snapshot => snapshot.Revision > empty.Revision);
            Assert.NotNull(half.FindWorkload(Ip("10.0.0.1")));
            Assert.Null(half.FindWorkload(Ip("10.0.0.2")));

            await file.WriteAsync(text[^3..]);
        }

        var whole = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);
        Assert.Equal(2, whole.Workloads.Count);
        Assert.NotNull(whole.FindWorkload(Ip("10.0.0.2")));
    }

    [Fact]
    public async Task Two_hundred_rapid_changes_end_in_the_right_state()
    {
        await using var manifests = new LiveManifests();
        await manifests.StartAsync();

        for (var i = 1; i <= 200; i++)
        {
            manifests.Put("moving.yaml", Manifests.Pod("moving", $"10.0.1.{i}"));
            manifests.Put($"pod-{i % 7}.yaml", Manifests.Pod($"pod-{i % 7}", $"10.0.2.{i}"));
            if (i % 3 == 0)
                manifests.Delete($"pod-{i % 7}.yaml");
        }

        var snapshot = await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.1.200")) is not null
            && snapshot.Workloads.Count == Directory.GetFiles(manifests.Root, "*.yaml").Length);

        Assert.Empty(snapshot.Faults);
        var revisions = manifests.Published.Select(published => published.Revision).ToList();
        Assert.Equal(Enumerable.Range(1, revisions.Count).Select(i => (long)i), revisions);
    }

    [Fact]
    public async Task A_change_is_announced_off_the_callers_thread_and_a_failing_listener_harms_nobody()
    {
        await using var manifests = new LiveManifests();
        var threads = new List<bool>();
        manifests.Cluster.Changed += _ => threads.Add(Thread.CurrentThread.IsThreadPoolThread);
        manifests.Cluster.Changed += _ => throw new InvalidOperationException("planted");
        await manifests.StartAsync();

        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 1);
        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.2"));
        await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.2")) is not null);

        Assert.All(threads, Assert.True);
        Assert.Contains(manifests.Log, line => line.Contains("planted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_directory_that_goes_away_leaves_the_last_good_state()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        await manifests.StartAsync();

        Directory.Move(manifests.Root, manifests.Root + ".away");
        var lost = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 1);
        Assert.NotNull(lost.FindWorkload(Ip("10.0.0.1")));

        Directory.Move(manifests.Root + ".away", manifests.Root);
        await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);

        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.2"));
        await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.2")) is not null);
    }

    [Fact]
    public async Task An_unknown_kind_is_listed_once_and_ignored()
    {
        await using var manifests = new LiveManifests();
        const string Deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}";
        manifests.Put("one.yaml", Deployment, Deployment);
        await manifests.StartAsync();
        manifests.Put("two.yaml", Deployment, Manifests.Pod("web-1", "10.0.0.1"));

        var snapshot = await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 1);

        Assert.Empty(snapshot.Faults);
        Assert.Single(manifests.Log, line => line.Contains("apps/v1 Deployment", StringComparison.Ordinal));
    }
}
