using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Proxy.Issuer;

/// <summary>
/// Which services one listener serves. All services live in one server, so that a call is told apart by where it came in: the
/// socket that everybody may open must not lead to an API that gives out everybody's keys.
/// </summary>
internal sealed record ServedApi(params string[] Prefixes)
{
    private const string Health = "/grpc.health.v1.Health/";
    private const string Reflection = "/grpc.reflection.";

    public static ServedApi Delegated { get; } = new("/spire.api.agent.delegatedidentity.v1.DelegatedIdentity/", Health);

    public static ServedApi Workload { get; } = new("/SpiffeWorkloadAPI/", Health, Reflection);

    public static ServedApi Broker { get; } = new("/spiffe.broker.API/", Health);

    public static ServedApi Bundle { get; } = new("/bundle");

    public void Mark(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(this);
        return next(connection);
    });

    /// <summary>Ends a call that came in at the wrong place; what is not marked serves nothing.</summary>
    public static Task Guard(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path.Value ?? "";
        if (context.Features.Get<ServedApi>()?.Prefixes.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal)) == true)
            return next(context);
        return RefuseAsync(context);
    }

    // gRPC's answer for a method that is not there (grpc/grpc doc/statuscodes.md); a browser sees 404.
    private static Task RefuseAsync(HttpContext context)
    {
        var isGrpc = context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;
        if (!isGrpc)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = "12";
        context.Response.Headers["grpc-message"] = "not served here";
        return Task.CompletedTask;
    }
}
