using System.Text.RegularExpressions;

namespace Lab.Compare;

/// <summary>What was compared, and where.</summary>
internal static partial class Versions
{
    public static string Commit { get; } = Say("git", "-C", Repository.Root, "describe", "--always", "--dirty");

    public static string Haproxy { get; } = Number().Match(Say("haproxy", "-v")).Value;

    public static string Nginx { get; } = Number().Match(Say("nginx", "-v")).Value;

    public static string OpenSsl { get; } = Say("openssl", "version");

    public static string H2Load { get; } = Number().Match(Say("h2load", "--version")).Value;

    public static string Machine { get; } =
        $"{Environment.ProcessorCount} x {ModelName()}, Linux {Say("uname", "-r")}";

    private static string ModelName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown";

    private static string Say(params string[] command)
    {
        var result = Shell.RunAsync(command).GetAwaiter().GetResult();
        return (result.Output + result.Errors).Split('\n')[0].Trim();
    }

    [GeneratedRegex(@"\d+(\.\d+)+\S*")]
    private static partial Regex Number();
}
