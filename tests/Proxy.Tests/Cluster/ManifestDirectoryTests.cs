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
}
