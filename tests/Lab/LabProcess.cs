using System.Diagnostics;

namespace Lab;

/// <summary>A process that the lab keeps running: its output goes to a file, its number is recorded in the lab's directory.</summary>
public sealed class LabProcess
{
    private readonly Process process;
    private readonly long startTime;
    private readonly string record;

    private LabProcess(string name, Process process, string logPath, LabDirectory directory)
    {
        (Name, this.process, LogPath) = (name, process, logPath);
        startTime = ProcessTable.StartTimeOf(process.Id);
        record = directory.RecordProcess(process.Id, startTime, name);
    }

    public string Name { get; }

    public string LogPath { get; }

    public int Pid => process.Id;

    public bool HasExited => process.HasExited;

    public string Log => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    /// <summary>Starts a command in a namespace (null: the machine's own), in a session of its own.</summary>
    public static LabProcess Start(LabDirectory directory, string name, string? networkNamespace, IReadOnlyList<string> command)
    {
        var logPath = Path.Combine(directory.Logs, $"{name}.log");
        var inside = networkNamespace is null ? command : Shell.InNamespace(networkNamespace, command);
        // exec all the way: the number that we record is the process itself, and it outlives a lab that is kept.
        string[] arguments = ["sh", "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", logPath, .. inside];
        var process = Process.Start(new ProcessStartInfo("setsid", arguments)) ?? throw new LabException($"cannot start {name}");
        return new(name, process, logPath, directory);
    }

    /// <summary>Waits until the log holds the text. The process ending first is a failure that shows the log.</summary>
    public async Task WaitForLogAsync(string text, TimeSpan? limit = null)
    {
        var reached = await Wait.UntilAsync(() => Log.Contains(text, StringComparison.Ordinal) || HasExited, limit ?? TimeSpan.FromSeconds(30));
        if (!reached || !Log.Contains(text, StringComparison.Ordinal))
        {
            var state = HasExited ? $"ended with {process.ExitCode}" : "is still running";
            throw new LabException($"{Name} {state}, its log has no \"{text}\":\n{Log}");
        }
    }

    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            throw new LabException($"{Name} did not end within {limit.TotalSeconds:F0} s:\n{Log}");
        }

        File.Delete(record);
        return process.ExitCode;
    }

    public Task SignalAsync(string signal) =>
        ProcessTable.IsAlive(Pid, startTime) ? ProcessTable.SignalAsync(signal, [Pid]) : Task.CompletedTask;

    public async Task StopAsync(TimeSpan? patience = null)
    {
        await ProcessTable.EndAsync([(Pid, startTime)], patience ?? TimeSpan.FromSeconds(10));
        await process.WaitForExitAsync();
        File.Delete(record);
    }

    public async Task Kill9Async()
    {
        await SignalAsync("KILL");
        await process.WaitForExitAsync();
        File.Delete(record);
    }
}
