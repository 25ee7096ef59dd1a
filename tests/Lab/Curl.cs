using System.Globalization;

namespace Lab;

/// <summary>One HTTP exchange, made by the real curl inside a pod.</summary>
public sealed record CurlAnswer(int ExitCode, int Status, string Body, string Errors, TimeSpan Elapsed)
{
    /// <summary>curl's exit code when a connection did not come about in time.</summary>
    public const int TimedOut = 28;

    public bool IsOk => ExitCode == 0 && Status == 200;

    public override string ToString() => ExitCode == 0
        ? $"HTTP {Status} \"{FirstLine(Body)}\" ({Elapsed.TotalMilliseconds:F0} ms)"
        : $"curl exit code {ExitCode}: {FirstLine(Errors)} ({Elapsed.TotalMilliseconds:F0} ms)";

    private static string FirstLine(string text) => text.TrimStart().Split('\n')[0].Trim();
}

/// <summary>Requests to a Service by its cluster address, as its clients would make them, without a name server.</summary>
public static class Curl
{
    public static IReadOnlyList<string> Command(LabService service, string method, string path, bool ipv6 = false)
    {
        var address = ipv6 ? $"[{service.IPv6}]" : service.IPv4;
        return
        [
            "curl", "-qsS", "--noproxy", "*", "--connect-timeout", "1", "--max-time", "10", "-X", method,
            "--resolve", $"{service.Host}:{service.Port}:{address}", UrlOf(service, path),
        ];
    }

    public static string UrlOf(LabService service, string path) =>
        $"http://{service.Host}{(service.Port == 80 ? "" : $":{service.Port}")}{path}";

    public static async Task<CurlAnswer> AskAsync(LabPod client, LabService service, string method, string path, bool ipv6 = false) =>
        Read(await client.RunAsync([.. Command(service, method, path, ipv6), "-w", "\n%{http_code}"], TimeSpan.FromSeconds(30)));

    /// <summary>Asks a pod itself, not a Service.</summary>
    public static async Task<CurlAnswer> AskAsync(LabPod client, string url, params string[] arguments) =>
        Read(await client.RunAsync(
            ["curl", "-qsS", "--noproxy", "*", "--connect-timeout", "1", "--max-time", "10", .. arguments, url, "-w", "\n%{http_code}"],
            TimeSpan.FromSeconds(30)));

    private static CurlAnswer Read(CommandResult result)
    {
        var end = result.Output.LastIndexOf('\n');
        _ = int.TryParse(result.Output.AsSpan(end + 1), CultureInfo.InvariantCulture, out var status);
        return new(result.ExitCode, status, end < 0 ? "" : result.Output[..end], result.Errors, result.Elapsed);
    }
}
