using System.ComponentModel;
using System.Diagnostics;

namespace Proxy.Kernel;

/// <summary>How a tool ended.</summary>
internal readonly record struct ToolResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>A run of a program. It inherits the network namespace of the thread that starts it.</summary>
internal static class ToolProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <exception cref="CaptureException">The program cannot be run.</exception>
    public static Process Start(string path, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new CaptureException($"cannot run {path}: {e.Message}");
        }
    }

    /// <summary>Gives it its input and takes what it says.</summary>
    /// <exception cref="CaptureException">The program does not end.</exception>
    public static ToolResult Finish(Process process, string input)
    {
        // The process does not close what was read through its properties.
        using var output = process.StandardOutput;
        using var error = process.StandardError;
        var (said, complained) = (output.ReadToEndAsync(), error.ReadToEndAsync());
        Feed(process, input);
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new CaptureException($"{process.StartInfo.FileName} did not end within {Patience.TotalSeconds:0} s");
        }

        return new ToolResult(process.ExitCode, said.GetAwaiter().GetResult(), complained.GetAwaiter().GetResult().Trim());
    }

    private static void Feed(Process process, string input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The tool ended before it read everything; its exit code says why.
        }
    }
}
