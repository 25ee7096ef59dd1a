using System.Buffers;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Proxy.Telemetry;

namespace Proxy.Admin;

/// <summary>Health, readiness and state of the process, over HTTP on the node's loopback.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    /// <summary>Of the descriptors that connections leave to the control plane; who comes beyond is closed at once.</summary>
    private const int MostConnections = 64;

    private readonly WebApplication _application;

    private AdminServer(WebApplication application) => _application = application;

    /// <summary>Serves /healthz, /readyz and /statusz.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    internal static async Task<AdminServer> StartAsync(ushort port, Action<Utf8JsonWriter> writeStatus, Func<bool> isReady)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        PatientListenerFactory.AddTo(builder.Services, new SocketTransportOptions());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        var application = builder.Build();
        application.Run(context => context.Request.Path.Value switch
        {
            "/healthz" => AnswerAsync(context, StatusCodes.Status200OK, "ok\n"),
            "/readyz" => isReady()
                ? AnswerAsync(context, StatusCodes.Status200OK, "ready\n")
                : AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "not every enrolled pod is captured yet\n"),
            "/statusz" => AnswerStatusAsync(context, writeStatus),
            _ => AnswerAsync(context, StatusCodes.Status404NotFound, "try /healthz, /readyz or /statusz\n"),
        });
        await application.StartAsync();
        return new AdminServer(application);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static async Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(text);
    }

    private static async Task AnswerStatusAsync(HttpContext context, Action<Utf8JsonWriter> writeStatus)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
            writeStatus(writer);
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(buffer.WrittenMemory);
    }
}
