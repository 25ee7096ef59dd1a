using System.Globalization;

namespace Lab.Compare;

/// <summary>What a load did: how much was done in which time, at which CPU time of both hops.</summary>
internal readonly record struct LoadFigures(double Done, double Seconds, TimeSpan Cpu)
{
    public double CpuMicrosecondsPerUnit => Cpu.TotalMicroseconds / Done;

    public double PerSecond => Done / Seconds;
}

/// <summary>Runs one of our own loads in the client's pod and measures what it costs the hops.</summary>
internal static class LoadRun
{
    public static Task<LoadFigures> ConnectionsAsync(Hops hops, TimeSpan span, int width) =>
        RunAsync(hops, hops.Opaque, "connections", Text(span), $"{width}");

    public static Task<LoadFigures> HttpConnectionsAsync(Hops hops, TimeSpan span, int width) =>
        RunAsync(hops, hops.Http, "http", Text(span), $"{width}", Hops.AllowedPath);

    public static Task<LoadFigures> UploadAsync(Hops hops, TimeSpan span) => RunAsync(hops, hops.Opaque, "upload", Text(span));

    public static Task<LoadFigures> DownloadAsync(Hops hops, TimeSpan span) => RunAsync(hops, hops.Opaque, "download", Text(span));

    /// <summary>Resident KiB per connection that stands idle.</summary>
    public static async Task<double> StandingAsync(Hops hops, int count)
    {
        var goOn = Path.Combine(hops.Client.Files, $"go-on-{Guid.NewGuid():N}");
        var before = hops.ResidentKiB();
        var load = hops.Client.Start(Command(hops.Opaque, "stand", $"{count}", goOn));
        await load.WaitForLogAsync($"standing {count}", TimeSpan.FromMinutes(2));
        var after = hops.ResidentKiB();
        await File.WriteAllTextAsync(goOn, "");
        await load.WaitForExitAsync(TimeSpan.FromMinutes(1));
        return (after - before) / count;
    }

    private static async Task<LoadFigures> RunAsync(Hops hops, (string, int) target, string load, params string[] rest)
    {
        var before = hops.Cpu();
        var result = (await hops.Client.RunAsync(Command(target, load, rest), TimeSpan.FromMinutes(2))).Require();
        var cpu = hops.Cpu() - before;
        // done N failed N seconds N
        var words = result.Output.Trim().Split(' ');
        return new(Number(words[1]), Number(words[5]), cpu);
    }

    private static string[] Command((string Address, int Port) target, string load, params string[] rest) =>
        [.. LoadServers.OnLoadProcessors, Peer.Program, "load", load, target.Address, $"{target.Port}", .. rest];

    private static string Text(TimeSpan span) => span.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
