namespace Proxy.Cluster;

/// <summary>
/// Tells most versions of a file from the next without reading it. The target of a symbolic link counts, because a
/// mounted ConfigMap replaces what the link leads through.
/// </summary>
internal readonly record struct FileStamp(string Target, long Size, DateTime Written)
{
    /// <exception cref="IOException">The file is gone or cannot be looked at.</exception>
    public static FileStamp Of(string path)
    {
        var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        var file = new FileInfo(target);
        return new FileStamp(target, file.Length, file.LastWriteTimeUtc);
    }
}
