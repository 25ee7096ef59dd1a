namespace Lab.Faults;

/// <summary>What a removed lab has left behind.</summary>
internal static class LeftOvers
{
    public static IEnumerable<string> Of(LabDirectory directory)
    {
        if (Directory.Exists(directory.FullPath))
        {
            yield return $"{directory.FullPath} is left";
        }

        foreach (var name in Directory.GetFiles("/run/netns", directory.NamespaceOf("*")))
        {
            yield return $"namespace {name} is left";
        }

        foreach (var pid in ProcessesOf(directory))
        {
            yield return $"process {pid} is left";
        }
    }

    // Every process of a lab has the lab's directory among its arguments or is in one of its namespaces, which are gone.
    private static IEnumerable<string> ProcessesOf(LabDirectory directory) =>
        from path in Directory.GetDirectories("/proc")
        let pid = Path.GetFileName(path)
        where pid.All(char.IsAsciiDigit) && CommandOf(path).Contains(directory.FullPath, StringComparison.Ordinal)
        select pid;

    private static string CommandOf(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(path, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
