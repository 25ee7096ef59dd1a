namespace Lab;

/// <summary>How a command ended.</summary>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Errors, TimeSpan Elapsed)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>Returns this result, or throws with everything the command said.</summary>
    public CommandResult Require() => Succeeded
        ? this
        : throw new LabException($"`{Command}` ended with {ExitCode}\n{Output}{Errors}");

    public override string ToString() => $"`{Command}` ended with {ExitCode} after {Elapsed.TotalMilliseconds:F0} ms\n{Output}{Errors}";
}
