namespace Proxy.Kernel;

/// <summary>Where programs are looked for: directories separated by colons.</summary>
internal sealed class ToolPath(string directories)
{
    /// <summary>What this process was started with, and where the system's own programs are, should that not name them.</summary>
    public static ToolPath OfProcess { get; } = new($"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin");

    /// <summary>The path of a program; null: not installed.</summary>
    public string? Find(string tool) => directories
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, tool))
        .FirstOrDefault(File.Exists);
}
