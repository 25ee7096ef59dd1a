using Grpc.Health.V1;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Proxy.Native;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Issuer;

/// <summary>The embedded issuer as a server: each API on a socket of its own.</summary>
internal sealed class IssuerServer : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Everybody = OwnerOnly
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    // What is served where reflection is, and not all that this server has on other sockets.
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor[] Reflected =
    [
        SpiffeWorkloadAPI.Descriptor, Health.Descriptor, Grpc.Reflection.V1.ServerReflection.Descriptor, Grpc.Reflection.V1Alpha.ServerReflection.Descriptor,
    ];

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);

    private readonly WebApplication _application;
    private readonly RotatingAuthority _authority;
    private readonly AuthorityRotation _rotation;
    private readonly RegistrationWatch _watch;
    private readonly TimeProvider _time;

    private IssuerServer(IssuerOptions options, RotatingAuthority authority, WebCertificate? web, TimeProvider time, Action<string> log)
    {
        var registrations = new Registrations();
        _application = Build(options, authority, registrations, web, time);
        _authority = authority;
        _rotation = new AuthorityRotation(authority, time, log);
        _watch = new RegistrationWatch(options, registrations, time, log);
        _time = time;
    }

    /// <summary>Opens the authority, reads the registrations, and listens; says so in one line.</summary>
    /// <exception cref="AuthorityStoreException">The state directory cannot be used.</exception>
    /// <exception cref="IOException">A socket, or the certificate for Web PKI, cannot be used.</exception>
    public static async Task<IssuerServer> StartAsync(IssuerOptions options, TimeProvider time, Action<string> log)
    {
        var sockets = SocketsOf(options);
        foreach (var (path, _) in sockets)
            await UnixSocketPath.ClaimAsync(path, CancellationToken.None);
        var web = options.BundleWebPort is null ? null : WebCertificate.Open(options.BundleCertificateFile!, options.BundleKeyFile!, time, log);
        var authority = RotatingAuthority.Open(options.StateDirectory, options.TrustDomain, options.AuthorityLifetime, time);
        var server = new IssuerServer(options, authority, web, time, log);
        try
        {
            server._watch.Start();
            await server._application.StartAsync();
            foreach (var (path, mode) in sockets)
                File.SetUnixFileMode(path, mode);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        log($"issuer ready: {options.TrustDomain} on {string.Join(", ", sockets.Select(socket => socket.Path))}"
            + (options.BundlePort is { } port ? $", bundle on port {port}" : "")
            + (options.BundleWebPort is { } webPort ? $", bundle for Web PKI on port {webPort}" : ""));
        WarnOfSharedDirectory(options, log);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit, _time);
        await _watch.DisposeAsync();
        await _rotation.DisposeAsync();
        await _application.StopAsync(limit.Token);
        await _application.DisposeAsync();
        _authority.Dispose();
    }

    private static void WarnOfSharedDirectory(IssuerOptions options, Action<string> log)
    {
        if (options.WorkloadSocketPath is { } everybodys && IsHandedOutWith(options.SocketPath, everybodys))
            log($"issuer: warning: {options.SocketPath} is in the directory of {everybodys}: as root, a container that is given that directory gets the keys of all workloads; choose another directory for one of them");
    }

    /// <summary>Whether who is given the directory of the socket that is for everybody is given the other one too.</summary>
    internal static bool IsHandedOutWith(string socket, string everybodys) =>
        Path.GetFullPath(socket).StartsWith(Path.GetDirectoryName(Path.GetFullPath(everybodys))!.TrimEnd('/') + "/", StringComparison.Ordinal);

    // A broker proves itself in TLS; who may open its socket does not matter then.
    private static List<(string Path, UnixFileMode Mode)> SocketsOf(IssuerOptions options)
    {
        var sockets = new List<(string, UnixFileMode)> { (options.SocketPath, OwnerOnly) };
        if (options.WorkloadSocketPath is { } workload)
            sockets.Add((workload, Everybody));
        if (options.BrokerSocketPath is { } broker)
            sockets.Add((broker, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite));
        return sockets;
    }

    private static WebApplication Build(IssuerOptions options, RotatingAuthority authority, Registrations registrations, WebCertificate? web, TimeProvider time)
    {
        // Empty: no configuration files that are watched, no console logger, no environment.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var tls = new IssuerTls(options, authority, time);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Configure(kestrel, options, tls, web));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new ReflectionServiceImpl(Reflected)).AddSingleton(new ReflectionV1ServiceImpl(Reflected));
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks().AddCheck("authority", () => HealthOf(authority));
        builder.Services.Configure<HealthCheckPublisherOptions>(publisher => publisher.Delay = TimeSpan.Zero);
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.AddSingleton(options).AddSingleton(authority).AddSingleton(registrations).AddSingleton(time);
        builder.Services.AddSingleton<StreamLoop>().AddSingleton<IdentityStreams>();
        return Route(builder.Build(), new BundleEndpoint(authority));
    }

    private static HealthCheckResult HealthOf(RotatingAuthority authority) =>
        authority.Fault is { } fault ? HealthCheckResult.Unhealthy(fault) : HealthCheckResult.Healthy();

    private static WebApplication Route(WebApplication application, BundleEndpoint bundle)
    {
        application.Use(next => context => ServedApi.Guard(context, next));
        application.MapGrpcService<DelegatedIdentityEndpoint>();
        application.MapGrpcService<WorkloadApiEndpoint>();
        application.MapGrpcService<BrokerEndpoint>();
        application.MapGrpcReflectionService();
        application.MapGrpcHealthChecksService();
        application.MapGet(BundleEndpoint.Path, bundle.AnswerAsync);
        return application;
    }

    private static void Configure(KestrelServerOptions kestrel, IssuerOptions options, IssuerTls tls, WebCertificate? web)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 4096; // one stream per workload of the node
        kestrel.ListenUnixSocket(options.SocketPath, listen => ServeCalls(listen, ServedApi.Delegated));
        if (options.WorkloadSocketPath is { } workload)
            kestrel.ListenUnixSocket(workload, listen => ServeCalls(listen, ServedApi.Workload));
        if (options.BrokerSocketPath is { } broker)
            kestrel.ListenUnixSocket(broker, listen => ServeCalls(listen, ServedApi.Broker, tls.ForBrokers));
        if (options.BundlePort is { } port)
            kestrel.ListenAnyIP(port, listen => Serve(listen, ServedApi.Bundle, tls.ForAnybody, HttpProtocols.Http1AndHttp2));
        if (options.BundleWebPort is { } webPort && web is not null)
            kestrel.ListenAnyIP(webPort, listen => Serve(listen, ServedApi.Bundle, web.CreateOptions, HttpProtocols.Http1AndHttp2));
    }

    private static void ServeCalls(ListenOptions listen, ServedApi api, Func<System.Net.Security.SslServerAuthenticationOptions>? tls = null)
    {
        Serve(listen, api, tls, HttpProtocols.Http2);
        listen.Use(RepairedStream.Before);
    }

    private static void Serve(ListenOptions listen, ServedApi api, Func<System.Net.Security.SslServerAuthenticationOptions>? tls, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        if (tls is not null)
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls()) });
        api.Mark(listen);
    }

    /// <summary>Signals are the command's business; a host in a larger process must not take them.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
