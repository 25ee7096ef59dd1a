using System.Threading.Channels;

namespace Proxy.Issuer;

/// <summary>
/// Keeps the registrations in step with the entries file and the manifests: the kernel's notices tell of changes at once,
/// and a look each second finds what they miss (network and overlay file systems).
/// </summary>
internal sealed class RegistrationWatch : IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    // Editors and shells write a file in several steps; this long after the first notice it is mostly whole.
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(50);

    private static readonly EnumerationOptions Deep = new() { RecurseSubdirectories = true, MaxRecursionDepth = 8 };

    private readonly IssuerOptions _options;
    private readonly Registrations _registrations;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly PodEntries _podEntries;
    private readonly RegistrationFile? _entriesFile;
    private readonly Dictionary<string, RegistrationFile> _manifests = new(StringComparer.Ordinal);
    private readonly Channel<bool> _notices = Channel.CreateBounded<bool>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<IDisposable> _watchers = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RegistrationWatch(IssuerOptions options, Registrations registrations, TimeProvider time, Action<string> log)
    {
        _options = options;
        _registrations = registrations;
        _time = time;
        _log = log;
        _podEntries = new PodEntries(options.TrustDomain, options.SpiffeIds);
        if (options.EntriesFile is { } path)
            _entriesFile = new RegistrationFile(Path.GetFullPath(path), new EntriesFormat(options.TrustDomain).Read, log);
    }

    /// <summary>Reads everything once, then goes on in the background.</summary>
    public void Start()
    {
        Watch(Path.GetDirectoryName(Path.GetFullPath(_options.EntriesFile ?? "/")), deep: false);
        Watch(_options.ManifestDirectory, deep: true);
        Refresh(force: true);
        _watchers.Add(_time.CreateTimer(_ => _notices.Writer.TryWrite(false), null, PollInterval, PollInterval));
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _watchers.ForEach(watcher => watcher.Dispose());
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    // The directory is watched, not the file: a rename over the file would leave a watch on the old one.
    private void Watch(string? directory, bool deep)
    {
        if (directory is null)
            return;
        if (!Directory.Exists(directory))
        {
            _log($"issuer: the directory {directory} is missing; it is looked for each second");
            return;
        }

        var watcher = new FileSystemWatcher(directory) { IncludeSubdirectories = deep };
        watcher.Changed += (_, _) => _notices.Writer.TryWrite(true);
        watcher.Created += (_, _) => _notices.Writer.TryWrite(true);
        watcher.Deleted += (_, _) => _notices.Writer.TryWrite(true);
        watcher.Renamed += (_, _) => _notices.Writer.TryWrite(true);
        watcher.EnableRaisingEvents = true;
        _watchers.Add(watcher);
    }

    private async Task RunAsync()
    {
        while (await _notices.Reader.WaitToReadAsync(_stop.Token))
        {
            var force = Drain();
            if (force)
                await Task.Delay(SettleTime, _time, _stop.Token);
            TryRefresh(Drain() || force);
        }
    }

    private void TryRefresh(bool force)
    {
        try
        {
            Refresh(force);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log($"issuer: {e.Message}; looked for again at the next change");
        }
    }

    private bool Drain()
    {
        var force = false;
        while (_notices.Reader.TryRead(out var notice))
            force |= notice;
        return force;
    }

    private void Refresh(bool force)
    {
        var isChanged = _entriesFile?.Refresh(force) == true;
        isChanged |= RefreshManifests(force);
        if (!isChanged)
            return;
        var files = _manifests.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value.Content)
            .Prepend(_entriesFile?.Content ?? RegisteredContent.Empty).ToArray();
        RegisteredPod[] pods = [.. files.SelectMany(file => file.Pods)];
        var entries = files.SelectMany(file => file.Entries).Concat(_podEntries.Of(pods, files.SelectMany(file => file.Namespaces), files.SelectMany(file => file.Identities)));
        var content = new RegisteredContent([.. entries], pods);
        _registrations.Replace(content);
        _log($"issuer: {content.Entries.Count} registration entries in force");
    }

    private bool RefreshManifests(bool force)
    {
        if (_options.ManifestDirectory is not { } directory || !Directory.Exists(directory))
            return false;
        var found = FindManifests(directory);
        var isChanged = false;
        foreach (var gone in _manifests.Keys.Except(found).ToArray())
            isChanged |= _manifests.Remove(gone);
        foreach (var path in found)
        {
            _manifests.TryAdd(path, new RegistrationFile(path, new PodFormat(_options.TrustDomain, _options.SpiffeIds).Read, _log));
            isChanged |= _manifests[path].Refresh(force);
        }

        return isChanged;
    }

    private static HashSet<string> FindManifests(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*", Deep).Where(path => Path.GetExtension(path) is ".yaml" or ".yml" or ".json")];
}
