using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>
/// The cluster as a directory of Kubernetes manifests describes it, followed while it changes. Whatever cannot be
/// read is reported, and its last good version stays in force.
/// </summary>
internal sealed class ManifestCluster : IClusterSource
{
    private const int MostUnknownKinds = 100;
    private static readonly TimeSpan AfterBug = TimeSpan.FromSeconds(1);

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly ManifestDirectory _directory;
    private readonly SnapshotComposer _composer;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _knownUnknown = new(StringComparer.Ordinal);

    private volatile ClusterSnapshot _current = ClusterSnapshot.Empty;
    private ManifestFault? _directoryFault;
    private Task _following = Task.CompletedTask;

    /// <exception cref="ArgumentException">The trust domain is not one.</exception>
    public ManifestCluster(string directory, ClusterOptions options, TimeProvider time, Action<string> log)
    {
        _root = Path.GetFullPath(directory);
        _time = time;
        _log = log;
        _directory = new ManifestDirectory(_root);
        _composer = new SnapshotComposer(options);
    }

    public event Action<ClusterSnapshot>? Changed;

    public ClusterSnapshot Current => _current;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_root))
            throw new DirectoryNotFoundException($"The manifest directory '{_root}' does not exist.");

        // Watching begins before reading: nothing that happens in between is missed.
        var watch = new DirectoryWatch(_root, _time, _log);
        try
        {
            await Task.Run(() => Read(watch), cancellationToken);
        }
        catch (Exception e)
        {
            watch.Dispose();
            if (e is UnauthorizedAccessException)
                throw new IOException($"The manifest directory '{_root}' cannot be read: {e.Message}", e);
            throw;
        }

        _following = Task.Run(() => FollowAsync(watch), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
    }

    private async Task FollowAsync(DirectoryWatch watch)
    {
        using var watching = watch;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await watch.WaitAsync(LooksChanged, _stop.Token);
                TryRead(watch);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it is, to follow no longer would keep an old policy for ever.
                _log($"manifests: bug while following, trying again: {e}");
                await Task.Delay(AfterBug, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private bool LooksChanged()
    {
        try
        {
            return _directory.LooksChanged() || _directoryFault is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return _directoryFault is null;
        }
    }

    private void TryRead(DirectoryWatch watch)
    {
        try
        {
            Read(watch);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TakeDirectoryFault(new ManifestFault(
                _root, 1, 1, "", "",
                $"the directory cannot be read, the last good state stays in force: {e.Message}", ""));
        }
    }

    private void Read(DirectoryWatch watch)
    {
        var isChanged = _directory.Refresh(watch.TakeTouched());
        if (!isChanged && _directoryFault is null && _current.Revision > 0)
            return;

        _directoryFault = null;
        Publish();
    }

    private void TakeDirectoryFault(ManifestFault fault)
    {
        if (fault == _directoryFault)
            return;

        _directoryFault = fault;
        Publish();
    }

    private void Publish()
    {
        var before = _current;
        var files = _directory.Files.ToList();
        ManifestFault[] otherFaults = _directoryFault is null ? [] : [_directoryFault];
        var next = _composer.Compose(before, files, otherFaults);
        _current = next;
        LogUnknownKinds(files);
        LogFaults(before, next);
        Raise(next);
    }

    private void LogUnknownKinds(List<ManifestFileState> files)
    {
        foreach (var kind in files.SelectMany(file => file.UnknownKinds).Where(IsNews))
            _log($"manifests: kind {kind} is ignored");
    }

    private bool IsNews(string kind) => _knownUnknown.Count < MostUnknownKinds && _knownUnknown.Add(kind);

    private void LogFaults(ClusterSnapshot before, ClusterSnapshot next)
    {
        LogNews("", before.Faults, next.Faults);
        LogNews("warning: ", before.Warnings, next.Warnings);
    }

    private void LogNews(string severity, IReadOnlyList<ManifestFault> before, IReadOnlyList<ManifestFault> now)
    {
        foreach (var fault in now.Except(before))
            _log($"manifests: {severity}{fault}");

        foreach (var fault in before.Except(now))
            _log($"manifests: no longer: {severity}{fault}");
    }

    // A listener's bug must not end the watch: the others would keep an old policy for ever.
    private void Raise(ClusterSnapshot snapshot)
    {
        foreach (var listener in Changed?.GetInvocationList().Cast<Action<ClusterSnapshot>>() ?? [])
        {
            try
            {
                listener(snapshot);
            }
            catch (Exception e)
            {
                _log($"manifests: a listener failed at revision {snapshot.Revision}: {e}");
            }
        }
    }
}
