using System.Diagnostics;

namespace Lab;

/// <summary>Runs commands to their end and takes what they print.</summary>
public static class Shell
{
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(60);

    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> command, string input = "", TimeSpan? limit = null)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(Describe(command)) ?? throw new LabException($"cannot start {command[0]}");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await FeedAsync(process, input);
        using var timer = new CancellationTokenSource(limit ?? DefaultLimit);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            throw new LabException($"`{string.Join(' ', command)}` did not end within its limit\n{await output}{await errors}");
        }

        return new(string.Join(' ', command), process.ExitCode, await output, await errors, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Runs a shell script that stops at its first failing command.</summary>
    public static async Task ScriptAsync(string script) =>
        (await RunAsync(["sh", "-eu"], script)).Require();

    /// <summary>Prefixes a command so that it runs in the named network namespace, and nothing else of it changes.</summary>
    public static IReadOnlyList<string> InNamespace(string name, IEnumerable<string> command) =>
        ["nsenter", $"--net=/run/netns/{name}", .. command];

    private static ProcessStartInfo Describe(IReadOnlyList<string> command) => new(command[0], command.Skip(1))
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private static async Task FeedAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading its input; its exit code tells the rest.
        }
    }
}
