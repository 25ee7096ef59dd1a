using System.Collections.Concurrent;
using Proxy.Cluster;
using Proxy.Policy;

namespace Proxy.Tests.Cluster;

/// <summary>A real directory of manifests with a cluster that follows it.</summary>
internal sealed class LiveManifests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _changes = new(0);
    private readonly ConcurrentQueue<string> _log = new();

    public LiveManifests(ClusterOptions? options = null)
    {
        Root = Directory.CreateTempSubdirectory("node-proxy-manifests-").FullName;
        Cluster = new ManifestCluster(Root, options ?? new ClusterOptions(), TimeProvider.System, _log.Enqueue);
        Cluster.Changed += snapshot =>
        {
            Published.Enqueue(snapshot);
            _changes.Release();
        };
    }

    public string Root { get; }

    public ManifestCluster Cluster { get; }

    public ConcurrentQueue<ClusterSnapshot> Published { get; } = new();

    public IEnumerable<string> Log => _log;

    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Puts a whole file in place at once, as careful writers do.</summary>
    public void Put(string name, params string[] documents)
    {
        var unseen = PathOf($".{name.Replace('/', '_')}.new");
        File.WriteAllText(unseen, string.Join("\n---\n", documents));
        File.Move(unseen, PathOf(name), overwrite: true);
    }

    public void Delete(string name) => File.Delete(PathOf(name));

    public async Task<ClusterSnapshot> StartAsync()
    {
        await Cluster.StartAsync(TestContext.Current.CancellationToken);
        return Cluster.Current;
    }

    /// <summary>Waits for published snapshots until one is as wanted.</summary>
    public async Task<ClusterSnapshot> UntilAsync(Func<ClusterSnapshot, bool> isWanted)
    {
        while (!isWanted(Cluster.Current))
        {
            if (!await _changes.WaitAsync(Patience, TestContext.Current.CancellationToken))
                Assert.Fail($"not seen; revision {Cluster.Current.Revision}, log:\n{string.Join('\n', _log)}");
        }

        return Cluster.Current;
    }

    public static Address Ip(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Directory.Delete(Root, recursive: true);
        _changes.Dispose();
    }
}
