using System.Diagnostics;
using Proxy.Native;

namespace Proxy.Kernel;

/// <summary>Runs iptables, ipset and ip inside a namespace and writes its kernel settings.</summary>
internal sealed class NamespaceTools(NetworkNamespace pod, CaptureTools tools)
{
    /// <summary>The namespace the tools work in.</summary>
    public NetworkNamespace Pod => pod;

    /// <summary>The variant that makes the rules.</summary>
    public Iptables Iptables => tools.Iptables;

    /// <summary>The variant that does not, but may have made some once; null: not installed.</summary>
    public Iptables? Other => tools.Other;

    public bool IsInstalled(string tool) => tools.Path.Find(tool) is not null;

    /// <summary>Runs a tool to its end.</summary>
    /// <exception cref="CaptureException">The tool is not installed or does not end.</exception>
    public ToolResult Run(string tool, IReadOnlyList<string> arguments, string input = "")
    {
        var path = tools.Path.Find(tool) ?? throw new CaptureException(Remedies.NotInstalled([tool]));
        using var process = StartInside(path, arguments);
        return ToolProcess.Finish(process, input);
    }

    /// <summary>Reads a kernel setting, for example net.ipv4.conf.lo.rp_filter; null: this kernel does not have it.</summary>
    public string? ReadSetting(string key)
    {
        // The kernel shows below /proc/sys/net the namespace of the thread that looks.
        using var inside = pod.Enter();
        var path = SettingPath(key);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    /// <summary>The tables that iptables-legacy has made in the namespace; asking the tool itself would make them.</summary>
    public IReadOnlyList<string> ReadLegacyTables(CaptureFamily family)
    {
        using var inside = pod.Enter();
        var path = $"/proc/thread-self/net/{family.LegacyTables}";
        return File.Exists(path) ? File.ReadAllText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];
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

    /// <summary>Has the kernel forget the connections that it tracks in the namespace.</summary>
    public void ForgetTracked()
    {
        try
        {
            NetlinkTracking.Flush(pod);
        }
        catch (IOException e)
        {
            throw new CaptureException($"connections tracked in network namespace {pod.Name} cannot be forgotten: {e.Message}");
        }
    }

    private static string SettingPath(string key) => "/proc/sys/" + key.Replace('.', '/');

    // A child process inherits the namespace of the thread that starts it; so would a thread of the pool that anything
    // else here gives rise to, for ever, hence nothing else happens inside.
    private Process StartInside(string path, IReadOnlyList<string> arguments)
    {
        using var inside = pod.Enter();
        return ToolProcess.Start(path, arguments);
    }
}
