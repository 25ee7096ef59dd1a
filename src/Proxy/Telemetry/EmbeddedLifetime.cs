using Microsoft.Extensions.Hosting;

namespace Proxy.Telemetry;

/// <summary>For a server inside the daemon: signals belong to the daemon, not to this part of it.</summary>
internal sealed class EmbeddedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
