using System.ComponentModel;
using System.Diagnostics;
using Proxy.Native;

namespace Proxy.Kernel;

/// <summary>How a tool ended.</summary>
internal readonly record struct ToolResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>Runs iptables, ipset and ip inside a namespace and writes its kernel settings.</summary>
internal sealed class NamespaceTools(NetworkNamespace pod)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The namespace the tools work in.</summary>
    public NetworkNamespace Pod => pod;

    /// <summary>Runs a tool to its end.</summary>
    /// <exception cref="CaptureException">The tool is not installed or does not end.</exception>
    public ToolResult Run(string tool, IReadOnlyList<string> arguments, string input = "")
    {
        using var process = StartInside(tool, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        Feed(process, input);
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new CaptureException($"{tool} did not end within {Patience.TotalSeconds:0} s in network namespace {pod.Name}");
        }
        return new ToolResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult().Trim());
    }

    /// <summary>Reads a kernel setting, for example net.ipv4.conf.lo.rp_filter; null: this kernel does not have it.</summary>
    public string? ReadSetting(string key)
    {
        // The kernel shows below /proc/sys/net the namespace of the thread that looks.
        using var inside = pod.Enter();
        var path = SettingPath(key);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    public void WriteSetting(string key, string value)
    {
        using var inside = pod.Enter();
        try
        {
            File.WriteAllText(SettingPath(key), value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureException($"cannot set {key}={value} in network namespace {pod.Name}: {e.Message}");
        }
    }

    private static string SettingPath(string key) => "/proc/sys/" + key.Replace('.', '/');

    // A child process inherits the namespace of the thread that starts it; so would a thread of the pool that anything
    // else here gives rise to, for ever, hence nothing else happens inside.
    private Process StartInside(string tool, IReadOnlyList<string> arguments)
    {
        using var inside = pod.Enter();
        return Start(tool, arguments);
    }

    private static Process Start(string tool, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(tool, arguments)
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
            throw new CaptureException($"cannot run {tool}: {e.Message} ({CaptureRequirements.HowToInstall})");
        }
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
