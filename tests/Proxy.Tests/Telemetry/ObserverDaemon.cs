using Proxy.Commands;
using Proxy.Telemetry;

namespace Proxy.Tests.Telemetry;

/// <summary>A ring served on a real Unix socket, and the command line that asks it.</summary>
internal sealed class ObserverDaemon : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly ObserverServer _server;

    private ObserverDaemon(DirectoryInfo directory, FlowRing ring, ObserverServer server)
    {
        _directory = directory;
        _server = server;
        Ring = ring;
    }

    public FlowRing Ring { get; }

    public string Path => PathIn(_directory);

    public string Server => "unix://" + Path;

    public static async Task<ObserverDaemon> StartAsync(string node = Sample.Node, TimeProvider? time = null, int capacity = FlowRing.DefaultCapacity)
    {
        var directory = Directory.CreateTempSubdirectory("observer");
        var ring = new FlowRing(node, time ?? new SteppedTime(), capacity);
        var server = await ObserverServer.StartAsync(ring, PathIn(directory), new ServerInfo("1.2.3"), TestContext.Current.CancellationToken);
        return new ObserverDaemon(directory, ring, server);
    }

    public static async Task<(int ExitCode, string Output, string Errors)> ObserveAsync(params string[] line)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var exitCode = await ObserveCommand.Create(() => output, errors, new SteppedTime()).Parse(line).InvokeAsync(null, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), errors.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static string PathIn(DirectoryInfo directory) => System.IO.Path.Combine(directory.FullName, "observer.sock");
}
