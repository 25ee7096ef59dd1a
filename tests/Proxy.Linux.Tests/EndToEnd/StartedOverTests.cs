using System.Diagnostics;
using System.Text;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>The program starts itself over, and must be the same program with the same arguments then.</summary>
public sealed class StartedOverTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("node-proxy-over-").FullName;

    // .NET cannot name what is no text.
    public void Dispose()
    {
        using var process = Process.Start("rm", ["-r", directory]);
        process.WaitForExit();
    }

    [Fact]
    public async Task Its_arguments_stay_what_they_are_byte_by_byte()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        var program = new LabOptions().NodeProxy;
        // A directory whose name is no text, and an empty argument at the end.
        var script = $"m=$(printf '{directory}/\\377'); mkdir \"$m\"; exec {program} run --cluster \"manifests:$m\" --identity delegated:{directory}/none --run-dir {directory} --node-name ''";
        using var process = Process.Start(new ProcessStartInfo("unshare", ["-n", "sh", "-c", script]) { RedirectStandardError = true })!;
        try
        {
            await AwaitLineAsync(process, "assemblies loaded", "at most");
            var expected = Latin($"{program}\0run\0--cluster\0manifests:{directory}/\u00ff\0--identity\0delegated:{directory}/none\0--run-dir\0{directory}\0--node-name\0\0");
            Assert.Equal(expected, await File.ReadAllBytesAsync($"/proc/{process.Id}/cmdline", TestContext.Current.CancellationToken));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    // The first line that the program says after it has started over.
    private static async Task AwaitLineAsync(Process process, params string[] texts)
    {
        var said = new StringBuilder();
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (texts.Any(text => line.Contains(text, StringComparison.Ordinal)))
                return;
            said.AppendLine(line);
        }

        Assert.Fail($"it ended: {said}");
    }

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);
}
