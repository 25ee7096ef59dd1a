using System.Globalization;
using System.Security.Cryptography;

namespace Lab;

/// <summary>The directory of one lab, and through it everything needed to remove that lab, by whoever finds it.</summary>
public sealed class LabDirectory
{
    private const string OwnerFile = "owner";
    private const string KeepFile = "KEEP";

    private LabDirectory(string path) => FullPath = path;

    /// <summary>Where labs live: $LAB_DIR or /run/node-proxy-lab.</summary>
    public static string Root => Environment.GetEnvironmentVariable("LAB_DIR") is { Length: > 0 } set ? set : "/run/node-proxy-lab";

    public string FullPath { get; }

    public string Id => Path.GetFileName(FullPath);

    public string Logs => Make("logs");

    public string Manifests => Make("manifests");

    private string Processes => Make("processes");

    public bool IsKept => File.Exists(Path.Combine(FullPath, KeepFile));

    public static LabDirectory Create()
    {
        while (true)
        {
            var directory = new LabDirectory(Path.Combine(Root, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(2))));
            // Another root directory may hold a lab of the same name.
            if (directory.NetworkNamespaces().Any())
            {
                continue;
            }

            Directory.CreateDirectory(directory.FullPath);
            if (!TryOwn(directory.FullPath))
            {
                continue;
            }

            File.SetUnixFileMode(directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return directory;
        }
    }

    public static IEnumerable<LabDirectory> All() => Directory.Exists(Root)
        ? Directory.EnumerateDirectories(Root).Where(d => File.Exists(Path.Combine(d, OwnerFile))).Select(d => new LabDirectory(d))
        : [];

    /// <summary>Removes the labs whose owner is dead and that nobody asked to keep.</summary>
    public static async Task ReapAsync()
    {
        foreach (var lab in All().Where(lab => !lab.IsKept && !lab.HasLivingOwner()))
        {
            await lab.RemoveAsync();
        }
    }

    public void Keep() => File.WriteAllText(Path.Combine(FullPath, KeepFile), "");

    public string NamespaceOf(string name) => $"np-{Id}-{name}";

    public string Make(string name)
    {
        var path = Path.Combine(FullPath, name);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Writes a file so that a reader sees the old content or the new, never a part.</summary>
    public static void Replace(string path, string content)
    {
        // The leading dot keeps a directory watcher from reading the unfinished file.
        var unfinished = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Environment.ProcessId}");
        File.WriteAllText(unfinished, content);
        File.Move(unfinished, path, overwrite: true);
    }

    internal string RecordProcess(int pid, long startTime, string name)
    {
        var path = Path.Combine(Processes, pid.ToString(CultureInfo.InvariantCulture));
        File.WriteAllText(path, $"{startTime} {name}\n");
        return path;
    }

    /// <summary>Ends the lab's processes, deletes its namespaces and its directory. May run twice at once.</summary>
    public async Task RemoveAsync()
    {
        await ProcessTable.EndAsync([.. RecordedProcesses()], TimeSpan.FromSeconds(10));
        foreach (var name in NetworkNamespaces())
        {
            var pids = await Shell.RunAsync(["ip", "netns", "pids", name]);
            await ProcessTable.EndAsync([.. ParsePids(pids.Output)], TimeSpan.FromSeconds(2));
            await Shell.RunAsync(["ip", "netns", "delete", name]);
            Delete($"/etc/netns/{name}");
        }

        Delete(FullPath);
    }

    private IEnumerable<string> NetworkNamespaces() => Directory.Exists("/run/netns")
        ? Directory.GetFiles("/run/netns", NamespaceOf("*")).Select(path => Path.GetFileName(path))
        : [];

    private IEnumerable<(int Pid, long StartTime)> RecordedProcesses() =>
        from path in Directory.GetFiles(Processes)
        select (int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture), ReadStartTime(path));

    /// <summary>A run is still using the lab.</summary>
    public bool HasLivingOwner()
    {
        var words = ReadOrEmpty(Path.Combine(FullPath, OwnerFile)).Split(' ');
        return words.Length == 2
            && ProcessTable.IsAlive(int.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture));
    }

    private static long ReadStartTime(string path) =>
        long.TryParse(ReadOrEmpty(path).Split(' ')[0], CultureInfo.InvariantCulture, out var time) ? time : 0;

    private static IEnumerable<(int Pid, long StartTime)> ParsePids(string text) =>
        from word in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        let pid = int.Parse(word, CultureInfo.InvariantCulture)
        select (pid, ProcessTable.StartTimeOf(pid));

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static bool TryOwn(string path)
    {
        try
        {
            using var file = new StreamWriter(new FileStream(Path.Combine(path, OwnerFile), FileMode.CreateNew));
            file.Write($"{Environment.ProcessId} {ProcessTable.StartTimeOf(Environment.ProcessId)}");
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // Gone already: another run removed the same abandoned lab.
        }
    }
}
