using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Fuzz;

/// <summary>What <c>make fuzz</c> does: each target in a process of its own, and every finding in a file.</summary>
internal static class FuzzRun
{
    private const int FoundSomething = 1;

    // Beyond its time: the first inputs, a slow last one, and shrinking.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(90);

    private static string Findings { get; } = Directory.CreateDirectory(Path.Combine("artifacts", "fuzz-findings")).FullName;

    public static int Run(string name, int seconds, int seed)
    {
        var chosen = seed == 0 ? Random.Shared.Next(1, int.MaxValue) : seed;
        var targets = name == "all" ? FuzzTargets.All : [FuzzTargets.Find(name)];
        Console.WriteLine($"seed {chosen}, {seconds} s for each of {targets.Count} targets");
        var found = targets.Count(target => !RunApart(target, seconds, chosen));
        Console.WriteLine(found == 0 ? "nothing found" : $"findings in {found} targets; see {Findings}");
        return found == 0 ? 0 : FoundSomething;
    }

    public static int RunOne(FuzzTarget target, int seconds, int seed)
    {
        using var last = new LastInput(LastPath(target));
        var campaign = new Campaign(target, seed) { Announce = last.Set };
        var clock = Stopwatch.StartNew();
        var finding = campaign.Run(Campaign.Regressions(target), _ => clock.Elapsed.TotalSeconds < seconds);
        Console.WriteLine($"{target.Name,-20} {campaign.Tried,9} inputs {campaign.Edges,6} edges {campaign.Kept,5} kept");
        if (finding is null)
            return 0;
        finding = Shrinker.Shrink(target, finding);
        Report(target, finding.Kind, finding.Text, finding.Input);
        return FoundSomething;
    }

    public static int Replay(FuzzTarget target, string[] files)
    {
        var findings = files.Select(file => Probe.Try(target, File.ReadAllBytes(file))).OfType<Finding>().ToList();
        findings.ForEach(finding => Console.WriteLine(finding.Text));
        return findings.Count == 0 ? 0 : FoundSomething;
    }

    // A stack that overflows, or a loop without end, must not end the others.
    private static bool RunApart(FuzzTarget target, int seconds, int seed)
    {
        string[] arguments = ["run-one", target.Name, seconds.ToString(CultureInfo.InvariantCulture), seed.ToString(CultureInfo.InvariantCulture)];
        // Started as `dotnet Fuzz.dll`, or by its own name.
        var isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        using var process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, isHosted ? [typeof(FuzzRun).Assembly.Location, .. arguments] : arguments))!;
        var ended = process.WaitForExit(TimeSpan.FromSeconds(seconds) + Grace);
        if (!ended)
            process.Kill();
        process.WaitForExit();
        if (!ended || process.ExitCode is not (0 or FoundSomething))
            Report(target, ended ? "crash" : "hang", $"the process {(ended ? $"ended with {process.ExitCode}" : "did not end")}", LastInput.Read(LastPath(target)));
        File.Delete(LastPath(target));
        return ended && process.ExitCode == 0;
    }

    private static void Report(FuzzTarget target, string kind, string text, byte[] input)
    {
        var path = Path.Combine(Findings, $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(path, input);
        Console.WriteLine($"FOUND in {target.Name}: {kind}\n{text}\ninput of {input.Length} bytes: {path}");
        Console.WriteLine($"again: dotnet artifacts/fuzz/Fuzz.dll replay {target.Name} {path}");
        Console.WriteLine($"once fixed, keep it as tests/Fuzz/Corpus/{target.Name}/<what it was>");
    }

    private static string LastPath(FuzzTarget target) => Path.Combine(Findings, $".{target.Name}.last");
}
