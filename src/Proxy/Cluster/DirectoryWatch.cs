using System.Threading.Channels;

namespace Proxy.Cluster;

/// <summary>
/// Tells when something below a directory may have changed: by inotify, after a short calm, and by a regular look
/// for what inotify does not report.
/// </summary>
internal sealed class DirectoryWatch : IDisposable
{
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestUnrest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _lock = new();
    private HashSet<string> _touched = new(StringComparer.Ordinal);
    private FileSystemWatcher? _watcher;
    private Task<bool>? _signalled;

    public DirectoryWatch(string directory, TimeProvider time, Action<string> log)
    {
        _directory = directory;
        _time = time;
        _log = log;
        _watcher = TryWatch();
    }

    /// <summary>The paths that were reported since the last call.</summary>
    public IReadOnlySet<string> TakeTouched()
    {
        lock (_lock)
        {
            var touched = _touched;
            _touched = new HashSet<string>(StringComparer.Ordinal);
            return touched;
        }
    }

    /// <summary>Waits for a report, or for the next look that shows a difference, and then for calm.</summary>
    public async Task WaitAsync(Func<bool> looksChanged, CancellationToken stop)
    {
        while (!await SignalWithinAsync(LookEvery, stop))
        {
            _watcher ??= TryWatch();
            if (looksChanged())
                break;
        }

        var since = _time.GetTimestamp();
        do
            _signal.Reader.TryRead(out _);
        while (await SignalWithinAsync(Calm, stop) && _time.GetElapsedTime(since) < LongestUnrest);
    }

    public void Dispose() => _watcher?.Dispose();

    private async Task<bool> SignalWithinAsync(TimeSpan limit, CancellationToken stop)
    {
        using var delay = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _signalled ??= _signal.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        var isSignalled = await Task.WhenAny(_signalled, Task.Delay(limit, _time, delay.Token)) == _signalled;
        await delay.CancelAsync();
        stop.ThrowIfCancellationRequested();
        if (isSignalled)
            _signalled = null;
        return isSignalled;
    }

    // Without inotify (its limits are small on some nodes), or a descriptor for the pipe that the runtime starts the
    // watcher's thread with (then it says "out of memory"), the regular look still finds changes, later.
    private FileSystemWatcher? TryWatch()
    {
        if (!Directory.Exists(_directory))
            return null;

        try
        {
            return Watch();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or OutOfMemoryException)
        {
            _log($"manifests: no notification of changes in {_directory}, looking every {LookEvery.TotalMilliseconds} ms: {e.Message}");
            return null;
        }
    }

    private FileSystemWatcher Watch()
    {
        var watcher = new FileSystemWatcher(_directory) { IncludeSubdirectories = true };
        watcher.NotifyFilter |= NotifyFilters.Size | NotifyFilters.CreationTime;
        watcher.Created += (_, e) => Touch(e.FullPath);
        watcher.Changed += (_, e) => Touch(e.FullPath);
        watcher.Deleted += (_, e) => Touch(e.FullPath);
        watcher.Renamed += (_, e) => Touch(e.FullPath);
        watcher.Error += (_, _) => Restart();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    // The queue overflowed or the directory went away; stamps find what was lost.
    private void Restart()
    {
        Interlocked.Exchange(ref _watcher, null)?.Dispose();
        Touch(_directory);
    }

    private void Touch(string path)
    {
        lock (_lock)
            _touched.Add(path);
        _signal.Writer.TryWrite(true);
    }
}
