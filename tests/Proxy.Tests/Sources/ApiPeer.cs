using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.X509;
using Broker = Proxy.Spiffe.Broker.Protocol;
using Delegated = Proxy.Spiffe.DelegatedIdentity.Protocol;
using Workload = Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Tests.Sources;

/// <summary>A Workload API and a Broker API on Unix sockets that say what a test tells them to.</summary>
internal sealed class ApiPeer : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("spiffe-api-").FullName;
    private WebApplication? _application;

    public Script<Workload.X509SVIDRequest, Workload.X509SVIDResponse> WorkloadApi { get; } = new();

    /// <summary>By the UID of the pod that is asked for.</summary>
    public Dictionary<string, Script<Broker.SubscribeToX509SVIDRequest, Broker.SubscribeToX509SVIDResponse>> Brokered { get; } = [];

    /// <summary>By the UID of the pod that is asked for.</summary>
    public Dictionary<string, Script<Delegated.SubscribeToX509SVIDsRequest, Delegated.SubscribeToX509SVIDsResponse>> Delegated { get; } = [];

    public Script<Delegated.SubscribeToX509BundlesRequest, Delegated.SubscribeToX509BundlesResponse> DelegatedBundles { get; } = new();

    /// <summary>Of SPIRE's Delegated Identity API.</summary>
    public string DelegatedSocket => Path.Combine(_directory, "admin.sock");

    /// <summary>The certificates that the broker's clients have presented.</summary>
    public List<string> BrokerClients { get; } = [];

    public ApiEndpoint WorkloadEndpoint => Endpoint("workload.sock");

    public ApiEndpoint BrokerEndpoint => Endpoint("broker.sock");

    public async Task StartAsync(X509Svid? broker = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = _directory });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Configure(kestrel, broker));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        _application = builder.Build();
        _application.MapGrpcService<WorkloadApiFake>();
        _application.MapGrpcService<BrokerFake>();
        _application.MapGrpcService<DelegatedFake>();
        await _application.StartAsync();
    }

    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application!.StopAsync(now.Token);
        await _application.DisposeAsync();
        _application = null;
        File.Delete(Path.Combine(_directory, "workload.sock"));
        File.Delete(Path.Combine(_directory, "broker.sock"));
        File.Delete(DelegatedSocket);
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
            await StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private void Configure(KestrelServerOptions kestrel, X509Svid? broker)
    {
        kestrel.ListenUnixSocket(Path.Combine(_directory, "workload.sock"), listen => listen.Protocols = HttpProtocols.Http2);
        kestrel.ListenUnixSocket(DelegatedSocket, listen => listen.Protocols = HttpProtocols.Http2);
        if (broker is null)
            return;
        kestrel.ListenUnixSocket(Path.Combine(_directory, "broker.sock"), listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = broker.Certificate,
                ClientCertificateMode = ClientCertificateMode.RequireCertificate,
                ClientCertificateValidation = (certificate, _, _) => Note(certificate),
            });
        });
    }

    private bool Note(X509Certificate2 certificate)
    {
        lock (BrokerClients)
            BrokerClients.Add(certificate.SerialNumber);
        return true;
    }

    private ApiEndpoint Endpoint(string name)
    {
        Assert.True(ApiEndpoint.TryParse($"unix://{Path.Combine(_directory, name)}", false, out var endpoint, out var error), error);
        return endpoint;
    }

    private sealed class WorkloadApiFake(ApiPeer peer) : Workload.SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
    {
        public override Task FetchX509SVID(Workload.X509SVIDRequest request, IServerStreamWriter<Workload.X509SVIDResponse> responseStream, ServerCallContext context) =>
            peer.WorkloadApi.PlayAsync(request, responseStream, context);
    }

    private sealed class BrokerFake(ApiPeer peer) : Broker.API.APIBase
    {
        public override Task SubscribeToX509SVID(Broker.SubscribeToX509SVIDRequest request, IServerStreamWriter<Broker.SubscribeToX509SVIDResponse> responseStream, ServerCallContext context) =>
            peer.Brokered[request.Reference.Reference.Unpack<Broker.KubernetesObjectReference>().Uid].PlayAsync(request, responseStream, context);
    }

    private sealed class DelegatedFake(ApiPeer peer) : Delegated.DelegatedIdentity.DelegatedIdentityBase
    {
        public override Task SubscribeToX509SVIDs(
            Delegated.SubscribeToX509SVIDsRequest request, IServerStreamWriter<Delegated.SubscribeToX509SVIDsResponse> responseStream, ServerCallContext context) =>
            peer.Delegated[UidOf(request)].PlayAsync(request, responseStream, context);

        public override Task SubscribeToX509Bundles(
            Delegated.SubscribeToX509BundlesRequest request, IServerStreamWriter<Delegated.SubscribeToX509BundlesResponse> responseStream, ServerCallContext context) =>
            peer.DelegatedBundles.PlayAsync(request, responseStream, context);

        private static string UidOf(Delegated.SubscribeToX509SVIDsRequest request) =>
            request.Selectors.Single(selector => selector.Value.StartsWith("pod-uid:", StringComparison.Ordinal)).Value["pod-uid:".Length..];
    }
}
