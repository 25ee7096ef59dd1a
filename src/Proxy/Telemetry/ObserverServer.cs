using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Proxy.Native;

namespace Proxy.Telemetry;

/// <summary>Serves the observer to whoever may open its Unix socket.</summary>
internal sealed class ObserverServer : IAsyncDisposable
{
    private const int ConnectionLimit = 64;
    private const int RequestLimit = 1 << 20;

    private const UnixFileMode OwnerAndGroup =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly WebApplication _host;
    private readonly CancellationTokenSource _stopping;
    private readonly string _path;

    private ObserverServer(WebApplication host, CancellationTokenSource stopping, string path)
    {
        _host = host;
        _stopping = stopping;
        _path = path;
    }

    /// <exception cref="IOException">The socket cannot be made there, or another daemon listens on it.</exception>
    public static async Task<ObserverServer> StartAsync(
        FlowRing ring, string unixSocketPath, ServerInfo info, CancellationToken cancel = default)
    {
        await UnixSocketPath.ClaimAsync(unixSocketPath, cancel);
        var stopping = new CancellationTokenSource();
        var host = Build(unixSocketPath, ring, info, stopping.Token);
        host.MapGrpcService<FlowObserver>();
        host.MapGrpcService<ObserverHealth>();
        await host.StartAsync(cancel);
        return new ObserverServer(host, stopping, unixSocketPath);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _host.StopAsync();
        await _host.DisposeAsync();
        _stopping.Dispose();
        File.Delete(_path);
    }

    private static WebApplication Build(string path, FlowRing ring, ServerInfo info, CancellationToken stopping)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, path));
        PatientListenerFactory.AddTo(builder.Services, new SocketTransportOptions { CreateBoundListenSocket = Bind });
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = RequestLimit);
        builder.Services.AddSingleton(new FlowObserver(ring, info, stopping));
        builder.Services.AddSingleton(new ObserverHealth(stopping));
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        return builder.Build();
    }

    private static void Configure(KestrelServerOptions options, string path)
    {
        options.AddServerHeader = false;
        options.Limits.MaxConcurrentConnections = ConnectionLimit;
        options.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2);
    }

    /// <summary>The mode is set between bind and listen: nobody can connect before it is right.</summary>
    private static Socket Bind(EndPoint endPoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        if (endPoint is UnixDomainSocketEndPoint)
            File.SetUnixFileMode(endPoint.ToString()!, OwnerAndGroup);
        return socket;
    }
}
