using Proxy.Cluster;
using Proxy.Policy.Documents;

namespace Proxy.Commands.Policies;

/// <summary>Reads the manifests that a command line names: files, directories, standard input.</summary>
internal static class ManifestFiles
{
    private const string StandardInput = "-";
    private const string StandardInputName = "stdin";

    /// <exception cref="UsageFault">A path does not exist, cannot be read or leads to no manifest; or there is no document at all.</exception>
    public static IReadOnlyList<ManifestFileState> Read(IEnumerable<string> paths, Func<Stream> input)
    {
        try
        {
            ManifestFileState[] files = [.. paths.Distinct(StringComparer.Ordinal).SelectMany(path => ReadPath(path, input))];
            return files.Any(HoldsAnything) ? files : throw new UsageFault("there is no document in what was read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageFault(e.Message);
        }
    }

    private static bool HoldsAnything(ManifestFileState file) => file.Objects.Count > 0 || file.UnknownKinds.Count > 0 || file.Faults.Count > 0;

    private static IEnumerable<ManifestFileState> ReadPath(string path, Func<Stream> input)
    {
        if (path == StandardInput)
            return [ReadStream(StandardInputName, input())];

        return Directory.Exists(path) ? ReadDirectory(path) : [ReadStream(path, File.OpenRead(path))];
    }

    // Most probably another one was meant: who checks it would believe that all is well.
    private static IEnumerable<ManifestFileState> ReadDirectory(string path)
    {
        var directory = new ManifestDirectory(path);
        directory.Refresh(new HashSet<string>());
        return directory.Files.Any() ? directory.Files : throw new UsageFault($"'{path}' holds no manifest (*.yaml, *.yml, *.json, at any depth)");
    }

    // One byte more than the reader takes, so that it says itself that there is too much.
    private static ManifestFileState ReadStream(string name, Stream stream)
    {
        using var open = stream;
        using var content = new MemoryStream();
        var chunk = new byte[64 * 1024];
        for (int read; content.Length <= ManifestReader.MaxBytes && (read = open.Read(chunk)) > 0;)
            content.Write(chunk, 0, read);
        return ManifestFileState.Unread.Read(name, content.ToArray());
    }
}
