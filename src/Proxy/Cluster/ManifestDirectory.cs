using System.Collections.Frozen;
using System.IO.Enumeration;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>The manifests below a directory and what was last read of them.</summary>
internal sealed class ManifestDirectory(string root)
{
    private const int MaxDepth = 16;

    // A file renamed over another of its size and time shows only in its content.
    private const int LooksPerReading = 10;

    // Whoever writes without a pause must not keep all changes from being taken up.
    private const int MostReadings = 10;

    private static readonly string TooLarge = $"larger than {ManifestReader.MaxBytes} bytes";

    private readonly SortedDictionary<string, ManifestFileState> _files = new(StringComparer.Ordinal);
    private int _looks;

    /// <summary>In the order of their paths.</summary>
    public IEnumerable<ManifestFileState> Files => _files.Values;

    /// <summary>Whether names, sizes and times show a difference, or it is time to read everything again.</summary>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    public bool LooksChanged()
    {
        var paths = List();
        return ++_looks >= LooksPerReading || Differ(paths, looksAtUnread: true);
    }

    /// <summary>
    /// Reads what changed, and whatever is among the touched paths; tells whether anything did change. What is written
    /// meanwhile is read as well: a file must not be an older one than another that was written after it.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    public bool Refresh(IReadOnlySet<string> touched)
    {
        var isChanged = ReadOnce(touched);
        for (var readings = 1; readings < MostReadings && IsBehind(); readings++)
            isChanged |= ReadOnce(FrozenSet<string>.Empty);
        return isChanged;
    }

    // If nothing is different from what was read now that all has been read, all of it stood so at one moment. What cannot
    // be read is tried again at the next look.
    private bool IsBehind() => Differ(List(), looksAtUnread: false);

    private bool Differ(List<string> paths, bool looksAtUnread) =>
        paths.Count != _files.Count
        || paths.Exists(path => !_files.TryGetValue(path, out var state)
            || ((looksAtUnread || state.Stamp is not null) && state.Stamp != StampOf(path)));

    private bool ReadOnce(IReadOnlySet<string> touched)
    {
        var paths = List();
        var isChanged = Forget(paths);
        var readsAll = _looks >= LooksPerReading;
        _looks = readsAll ? 0 : _looks;
        foreach (var path in paths)
        {
            var isKnown = _files.TryGetValue(path, out var before);
            if (before?.Stamp is { } stamp && stamp == StampOf(path) && !readsAll && !touched.Contains(path))
                continue;

            _files[path] = Read(path, before ?? ManifestFileState.Unread);
            isChanged |= !isKnown || !IsSame(before!, _files[path]);
        }

        return isChanged;
    }

    private bool Forget(List<string> present)
    {
        var gone = _files.Keys.Except(present).ToList();
        foreach (var path in gone)
            _files.Remove(path);
        return gone.Count > 0;
    }

    // The stamp from before the reading, so that a write during it is seen at the next look.
    private static ManifestFileState Read(string path, ManifestFileState before)
    {
        try
        {
            var stamp = FileStamp.Of(path);
            if (stamp.Size > ManifestReader.MaxBytes)
                return before.Unreadable(path, TooLarge);

            // Also what opening would wait for, or what has no end: a FIFO or a device has no size.
            var content = stamp.Size == 0 ? [] : ReadBounded(path);
            return content is null
                ? before.Unreadable(path, TooLarge)
                : before.Read(path, content) with { Stamp = stamp };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return before.Unreadable(path, $"cannot be read: {e.Message}");
        }
    }

    /// <summary>Null when the file has grown beyond the limit since it was looked at.</summary>
    private static byte[]? ReadBounded(string path)
    {
        using var file = File.OpenHandle(path);
        var content = new byte[Math.Min(RandomAccess.GetLength(file), ManifestReader.MaxBytes + 1L)];
        var count = 0;
        for (int read; count < content.Length && (read = RandomAccess.Read(file, content.AsSpan(count), count)) > 0;)
            count += read;
        return count > ManifestReader.MaxBytes ? null : content[..count];
    }

    private static bool IsSame(ManifestFileState before, ManifestFileState after) =>
        ReferenceEquals(before.Objects, after.Objects)
        && ReferenceEquals(before.Closed, after.Closed)
        && before.Faults.SequenceEqual(after.Faults);

    private static FileStamp? StampOf(string path)
    {
        try
        {
            return FileStamp.Of(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private List<string> List()
    {
        if (!Directory.Exists(root))
            throw new DirectoryNotFoundException($"the manifest directory '{root}' does not exist");

        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = MaxDepth,
            AttributesToSkip = 0,
            IgnoreInaccessible = false,
        };
        return [.. new FileSystemEnumerable<string>(root, (ref FileSystemEntry entry) => entry.ToFullPath(), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && IsManifest(entry.FileName),
            // A symbolic link to a directory may lead back up.
            ShouldRecursePredicate = (ref FileSystemEntry entry) =>
                entry.FileName[0] != '.' && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        }];
    }

    private static bool IsManifest(ReadOnlySpan<char> name) =>
        name[0] != '.'
        && (name.EndsWith(".yaml", StringComparison.Ordinal)
            || name.EndsWith(".yml", StringComparison.Ordinal)
            || name.EndsWith(".json", StringComparison.Ordinal));
}
