using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Proxy.Native;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>The embedded issuer as a gRPC server on a Unix socket.</summary>
internal sealed class IssuerServer : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);

    private readonly WebApplication _application;
    private readonly CertificateAuthority _authority;
    private readonly RegistrationWatch _watch;
    private readonly TimeProvider _time;

    private IssuerServer(WebApplication application, CertificateAuthority authority, RegistrationWatch watch, TimeProvider time)
    {
        _application = application;
        _authority = authority;
        _watch = watch;
        _time = time;
    }

    /// <summary>Opens the authority, reads the registrations, and listens; says so in one line.</summary>
    /// <exception cref="AuthorityStoreException">The state directory cannot be used.</exception>
    /// <exception cref="IOException">The socket cannot be used.</exception>
    public static async Task<IssuerServer> StartAsync(IssuerOptions options, TimeProvider time, Action<string> log)
    {
        await UnixSocketPath.ClaimAsync(options.SocketPath, CancellationToken.None);
        var authority = AuthorityStore.Open(options.StateDirectory, options.TrustDomain, time);
        var registrations = new Registrations();
        var watch = new RegistrationWatch(options, registrations, time, log);
        var server = new IssuerServer(Build(options, authority, registrations, time), authority, watch, time);
        try
        {
            watch.Start();
            await server._application.StartAsync();
            File.SetUnixFileMode(options.SocketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        log($"issuer ready: {options.TrustDomain} on {options.SocketPath}");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit, _time);
        await _watch.DisposeAsync();
        await _application.StopAsync(limit.Token);
        await _application.DisposeAsync();
        _authority.Dispose();
    }

    private static WebApplication Build(IssuerOptions options, CertificateAuthority authority, Registrations registrations, TimeProvider time)
    {
        // Empty: no configuration files that are watched, no console logger, no environment.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options.SocketPath));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.AddSingleton(services => new DelegatedIdentityEndpoint(
            options, authority, registrations, time, services.GetRequiredService<IHostApplicationLifetime>()));
        var application = builder.Build();
        application.MapGrpcService<DelegatedIdentityEndpoint>();
        return application;
    }

    private static void Configure(KestrelServerOptions kestrel, string socketPath)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 4096; // one stream per workload of the node
        kestrel.ListenUnixSocket(socketPath, listen => listen.Protocols = HttpProtocols.Http2);
    }

    /// <summary>Signals are the command's business; a host in a larger process must not take them.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
