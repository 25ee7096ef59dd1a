using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>A directory that holds the programs of a machine other than this one: fewer, or such as fail.</summary>
internal sealed class TestTools : IDisposable
{
    private static readonly string[] Iptables =
        ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"];

    private readonly string directory = Directory.CreateTempSubdirectory("node-proxy-tools-").FullName;

    public ToolPath Path => new(directory);

    /// <summary>Everything that capture can use, without the plain names.</summary>
    public static TestTools Complete()
    {
        var tools = new TestTools();
        foreach (var tool in (string[])["ip", "ipset", .. Names("nft"), .. Names("legacy")])
            tools.Link(tool, tool);
        return tools;
    }

    public static IEnumerable<string> Names(string variant) =>
        Iptables.Select(name => name.Replace("tables", $"tables-{variant}", StringComparison.Ordinal));

    /// <summary>The programs of one variant under the plain names.</summary>
    public void AddPlain(string variant, string family)
    {
        foreach (var name in Iptables.Where(name => name.Split('-')[0] == family))
            Link(name, name.Replace("tables", $"tables-{variant}", StringComparison.Ordinal));
    }

    public void Remove(params IEnumerable<string> tools)
    {
        foreach (var tool in tools)
            File.Delete(InDirectory(tool));
    }

    /// <summary>The tool fails with a message wherever its arguments or its input contain a text; empty: always.</summary>
    public void Fail(string tool, string text, string message, int exitCode) => Script(tool, $"""
        input=$(cat)
        case "$* $input" in *"{text}"*) cat >&2 <<'END'
        {message}
        END
        exit {exitCode};; esac
        printf '%s\n' "$input" | {Real(tool)} "$@"
        """);

    /// <summary>The tool runs without the right to change a network.</summary>
    public void Disarm(string tool) => Script(tool, $"""exec {Real("setpriv")} --bounding-set -net_admin,-net_raw --inh-caps -net_admin,-net_raw {Real(tool)} "$@" """);

    /// <summary>The tool does again what it does here.</summary>
    public void Mend(string tool)
    {
        Remove(tool);
        Link(tool, tool);
    }

    /// <summary>The tool says that it has begun, by a file, waits until that is deleted, and fails.</summary>
    public string Hold(string tool)
    {
        var begun = InDirectory("begun");
        Script(tool, $"""
            : > {begun}
            while [ -e {begun} ]; do sleep 0.02; done
            echo 'interrupted' >&2
            exit 1
            """);
        return begun;
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private void Script(string tool, string text)
    {
        Remove(tool);
        File.WriteAllText(InDirectory(tool), $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(InDirectory(tool), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // The programs of iptables are one file that goes by the name under which it is called.
    private void Link(string name, string target)
    {
        var file = new FileInfo(Real(target));
        File.CreateSymbolicLink(InDirectory(name), (file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName);
    }

    private string InDirectory(string tool) => System.IO.Path.Combine(directory, tool);

    private static string Real(string tool) => ToolPath.OfProcess.Find(tool) ?? throw new InvalidOperationException($"{tool} is not installed");
}
