using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Issuing;
using Selector = Proxy.Spiffe.Issuing.Selector;

namespace Proxy.Issuer;

/// <summary>SPIRE's Delegated Identity API, served by the embedded issuer to its own user and to root.</summary>
internal sealed class DelegatedIdentityEndpoint(
    IssuerOptions options,
    CertificateAuthority authority,
    Registrations registrations,
    TimeProvider time,
    IHostApplicationLifetime lifetime) : DelegatedIdentity.DelegatedIdentityBase
{
    public override async Task SubscribeToX509SVIDs(
        SubscribeToX509SVIDsRequest request,
        IServerStreamWriter<SubscribeToX509SVIDsResponse> responseStream,
        ServerCallContext context)
    {
        Caller.Demand(context);
        var known = ReadSelectors(request);
        var held = new HeldSvids(authority, options.SvidLifetime, time);
        await RunAsync(context, async stop =>
        {
            var entries = registrations.Current;
            if (held.Update(entries.Match(known)))
                await responseStream.WriteAsync(held.CreateResponse(), stop);
            await WaitAsync(entries.Replaced, held.UntilRotation, stop);
        });
    }

    public override async Task SubscribeToX509Bundles(
        SubscribeToX509BundlesRequest request,
        IServerStreamWriter<SubscribeToX509BundlesResponse> responseStream,
        ServerCallContext context)
    {
        Caller.Demand(context);
        var response = new SubscribeToX509BundlesResponse();
        response.CaCertificates.Add(authority.TrustDomain.Id.ToString(), ByteString.CopyFrom(authority.RootCertificate.Span));
        await responseStream.WriteAsync(response, context.CancellationToken);
        await RunAsync(context, stop => Task.Delay(Timeout.Infinite, stop));
    }

    private async Task RunAsync(ServerCallContext context, Func<CancellationToken, Task> step)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            while (true)
                await step(stop.Token);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the issuer is stopping"));
        }
    }

    private async Task WaitAsync(Task replaced, TimeSpan longest, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(replaced, Task.Delay(longest, time, ended.Token));
        await ended.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private static HashSet<Selector> ReadSelectors(SubscribeToX509SVIDsRequest request)
    {
        if (request.Selectors.Count > 0 == (request.Pid != 0))
            throw Invalid("must provide either selectors or non-zero PID, but not both");
        if (request.Pid != 0)
            throw new RpcException(new Status(StatusCode.Unimplemented, "this issuer attests no processes: ask with selectors"));
        if (request.Selectors.Any(s => s.Type.Length == 0 || s.Value.Length == 0 || s.Type.Contains(':', StringComparison.Ordinal)))
            throw Invalid("could not parse provided selectors");
        return [.. request.Selectors.Select(selector => new Selector(selector.Type, selector.Value))];
    }

    private static RpcException Invalid(string reason) => new(new Status(StatusCode.InvalidArgument, reason));
}
