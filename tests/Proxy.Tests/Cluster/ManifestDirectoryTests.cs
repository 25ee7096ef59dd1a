using Proxy.Cluster;

namespace Proxy.Tests.Cluster;

public class ManifestDirectoryTests
{
    private static readonly HashSet<string> NothingTouched = [];

    [Fact]
    public async Task A_file_of_the_same_size_and_time_renamed_over_another_is_seen_without_notification()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("one", "10.0.0.1"));
        var directory = new ManifestDirectory(manifests.Root);
        Assert.True(directory.LooksChanged());
        Assert.True(directory.Refresh(NothingTouched));
        Assert.False(directory.LooksChanged());

        var written = File.GetLastWriteTimeUtc(manifests.PathOf("pod.yaml"));
        File.WriteAllText(manifests.PathOf("new"), Manifests.Pod("two", "10.0.0.1"));
        File.SetLastWriteTimeUtc(manifests.PathOf("new"), written);
        File.Move(manifests.PathOf("new"), manifests.PathOf("pod.yaml"), overwrite: true);

        Assert.Contains(Enumerable.Range(0, 10), _ => directory.LooksChanged());
        Assert.True(directory.Refresh(NothingTouched));
        Assert.False(directory.LooksChanged());
        var pod = Assert.IsType<PodDocument>(Assert.Single(Assert.Single(directory.Files).Objects).Value);
        Assert.Equal("two", pod.Name);
    }

    [Fact]
    public async Task A_file_that_is_only_touched_changes_nothing()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("one", "10.0.0.1"));
        var directory = new ManifestDirectory(manifests.Root);
        directory.Refresh(NothingTouched);

        File.SetLastWriteTimeUtc(manifests.PathOf("pod.yaml"), DateTime.UnixEpoch);

        Assert.True(directory.LooksChanged());
        Assert.False(directory.Refresh(NothingTouched));
        Assert.False(directory.LooksChanged());
    }

    [Theory]
    [InlineData("mkfifo", "{0}")]
    [InlineData("ln", "-s", "/dev/zero", "{0}")]
    [InlineData("ln", "-s", "/dev/tty", "{0}")]
    public async Task What_is_no_regular_file_holds_nobody_up(string program, params string[] arguments)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("a.yaml", Manifests.Pod("one", "10.0.0.1"));
        var path = manifests.PathOf("b.yaml");
        using var made = System.Diagnostics.Process.Start(program, arguments.Select(argument => argument.Replace("{0}", path, StringComparison.Ordinal)));
        await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, made.ExitCode);
        var directory = new ManifestDirectory(manifests.Root);

        Assert.True(await Engine.Patience.OnThread(() => directory.Refresh(NothingTouched)));
        Assert.Empty(directory.Files.Last().Objects);
        Assert.Single(directory.Files.First().Objects);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public async Task A_file_has_a_limit_of_size(int above, int faults)
    {
        await using var manifests = new LiveManifests();
        var text = Manifests.Pod("one", "10.0.0.1") + "\n#";
        File.WriteAllText(manifests.PathOf("a.yaml"), text.PadRight(Policy.Documents.ManifestReader.MaxBytes + above, '#'));
        var directory = new ManifestDirectory(manifests.Root);
        directory.Refresh(NothingTouched);
        Assert.Equal(faults, Assert.Single(directory.Files).Faults.Count);
    }

    [Fact]
    public async Task A_manifest_that_cannot_be_opened_is_a_fault_and_changes_nothing_more()
    {
        await using var manifests = new LiveManifests();
        File.CreateSymbolicLink(manifests.PathOf("pod.yaml"), "nowhere");
        var directory = new ManifestDirectory(manifests.Root);

        Assert.True(directory.Refresh(NothingTouched));
        Assert.Single(Assert.Single(directory.Files).Faults);
        Assert.False(directory.Refresh(NothingTouched));

        File.Delete(manifests.PathOf("pod.yaml"));
        manifests.Put("pod.yaml", Manifests.Pod("one", "10.0.0.1"));
        Assert.True(directory.Refresh(NothingTouched));
        Assert.Empty(Assert.Single(directory.Files).Faults);
    }

    // Whoever writes a policy and then gives a pod the label that it selects has never had the one without the other.
    [Fact]
    public async Task What_is_written_while_others_are_read_is_not_taken_without_what_was_written_before_it()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("a.yaml", Manifests.Pod("one", "10.0.0.1"));
        manifests.Put("b.yaml", Manifests.Pod("two", "10.0.0.2"));
        var directory = new ManifestDirectory(manifests.Root);
        directory.Refresh(NothingTouched);
        var asked = new List<string>();
        directory.Refresh(Asking(asked.Add));

        Assert.True(directory.Refresh(Asking(path =>
        {
            if (path != asked[0])
                return;
            manifests.Put(Path.GetFileName(asked[0]), Manifests.Pod("written-first", "10.0.0.1"));
            manifests.Put(Path.GetFileName(asked[1]), Manifests.Pod("written-second", "10.0.0.2"));
        })));
        Assert.Equal(["written-first", "written-second"], directory.Files.SelectMany(file => file.Objects).Select(read => ((PodDocument)read.Value).Name).Order());
    }

    [Fact]
    public async Task Whoever_writes_without_a_pause_holds_nobody_up()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("a.yaml", Manifests.Pod("one", "10.0.0.1"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var writing = Task.Run(
            () =>
            {
                for (var i = 0; !stop.IsCancellationRequested; i++)
                    manifests.Put("b.yaml", Manifests.Pod($"pod-{i}", "10.0.0.2"));
            },
            TestContext.Current.CancellationToken);
        var directory = new ManifestDirectory(manifests.Root);
        Assert.True(await Engine.Patience.OnThread(() => directory.Refresh(NothingTouched)));
        await stop.CancelAsync();
        await writing;
    }

    /// <summary>Nothing that there is; tells for which path it is asked, which is after the look at that and before the look at the next.</summary>
    private static HashSet<string> Asking(Action<string> onAsked) => new(["nothing"], new Listener(onAsked));

    private sealed class Listener(Action<string> onAsked) : IEqualityComparer<string>
    {
        public bool Equals(string? one, string? other) => one == other;

        public int GetHashCode(string text)
        {
            if (text != "nothing")
                onAsked(text);
            return text.Length;
        }
    }
}
