using System.Net.Security;
using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Proxy.Spiffe;
using Proxy.Spiffe.Broker;
using Proxy.Spiffe.Broker.Protocol;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi;
using Proxy.Spiffe.WorkloadApi.Protocol;
using Proxy.Tests.Sources;
using WorkloadReference = Proxy.Spiffe.WorkloadReference;

namespace Proxy.Tests.Issuer;

public sealed class IssuerApiTests : IAsyncLifetime
{
    private static readonly Metadata WorkloadHeader = new() { { "workload.spiffe.io", "true" } };
    private static readonly SpiffeId Own = SpiffeId.Parse("spiffe://cluster.local/node-proxy/node1");

    private readonly IssuerApis _issuer = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _issuer.StartAsync();

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task A_process_gets_the_identity_of_its_entry()
    {
        await using var run = new SourceRun(log => new WorkloadApiSource(_issuer.Workload, TimeProvider.System, log), Pod("own"));

        var snapshot = await run.UntilAsync(snapshot => snapshot.FindSvid("uid-own", Own) is not null);

        Assert.NotNull(snapshot.FindBundle("uid-own", Own.TrustDomain));
    }

    [Fact]
    public async Task A_program_may_be_named_by_its_path()
    {
        _issuer.WriteEntries(IssuerApis.Entry("program", $"unix:path:{Environment.ProcessPath}"));
        await using var run = new SourceRun(log => new WorkloadApiSource(_issuer.Workload, TimeProvider.System, log), Pod("own"));

        await run.UntilAsync(snapshot => snapshot.FindSvid("uid-own", SpiffeId.Parse("spiffe://cluster.local/program")) is not null);
    }

    [Fact]
    public async Task An_entry_that_goes_takes_the_identity_with_it()
    {
        await using var run = new SourceRun(log => new WorkloadApiSource(_issuer.Workload, TimeProvider.System, log), Pod("own"));
        await run.UntilAsync(snapshot => snapshot.FindSvid("uid-own", Own) is not null);

        _issuer.WriteEntries(IssuerApis.Entry("other", "unix:uid:4294967294"));

        await run.UntilAsync(snapshot => snapshot.FindSvid("uid-own", Own) is null);
        await run.UntilLoggedAsync("PermissionDenied: no identity issued");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("false")]
    [InlineData("True")]
    [InlineData("true,true")]
    public async Task Without_the_security_header_there_is_no_answer(string? value)
    {
        using var channel = ApiChannel.Open(_issuer.Options.WorkloadSocketPath!);
        var headers = new Metadata();
        foreach (var part in value?.Split(',') ?? [])
            headers.Add("workload.spiffe.io", part);

        var fault = await FaultOfAsync(new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel).FetchX509SVID(new X509SVIDRequest(), headers, cancellationToken: Stop).ResponseStream);

        Assert.Equal((StatusCode.InvalidArgument, "security header missing from request"), (fault.StatusCode, fault.Status.Detail));
    }

    [Fact]
    public async Task Bundles_are_given_to_who_has_an_identity()
    {
        using var channel = ApiChannel.Open(_issuer.Options.WorkloadSocketPath!);
        var client = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel);

        using var call = client.FetchX509Bundles(new X509BundlesRequest(), WorkloadHeader, cancellationToken: Stop);
        Assert.True(await call.ResponseStream.MoveNext(Stop));
        Assert.Equal(["spiffe://cluster.local"], call.ResponseStream.Current.Bundles.Keys);

        _issuer.WriteEntries();
        Assert.Equal(StatusCode.PermissionDenied, (await FaultOfAsync(call.ResponseStream)).StatusCode);
    }

    [Fact]
    public async Task The_socket_for_everybody_does_not_lead_to_everybodys_keys()
    {
        using var channel = ApiChannel.Open(_issuer.Options.WorkloadSocketPath!);
        var request = new SubscribeToX509SVIDsRequest { Selectors = { new Selector { Type = "k8s", Value = "ns:default" } } };

        Assert.Equal(StatusCode.Unimplemented, (await FaultOfAsync(new DelegatedIdentity.DelegatedIdentityClient(channel).SubscribeToX509SVIDs(request, cancellationToken: Stop).ResponseStream)).StatusCode);
        Assert.Equal(StatusCode.Unimplemented, (await FaultOfAsync(new API.APIClient(channel).SubscribeToX509SVID(new SubscribeToX509SVIDRequest(), cancellationToken: Stop).ResponseStream)).StatusCode);
    }

    [Fact]
    public async Task Health_and_reflection_are_served()
    {
        using var channel = ApiChannel.Open(_issuer.Options.WorkloadSocketPath!);

        using var health = new Grpc.Health.V1.Health.HealthClient(channel).Watch(new Grpc.Health.V1.HealthCheckRequest(), cancellationToken: Stop);
        using var reflection = new Grpc.Reflection.V1Alpha.ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo(cancellationToken: Stop);
        await reflection.RequestStream.WriteAsync(new Grpc.Reflection.V1Alpha.ServerReflectionRequest { ListServices = "" }, Stop);
        Assert.True(await reflection.ResponseStream.MoveNext(Stop));

        while (await health.ResponseStream.MoveNext(Stop) && health.ResponseStream.Current.Status != Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving)
            continue;
        Assert.Equal(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving, health.ResponseStream.Current.Status);
        // What is not served at this socket would mislead.
        string[] served = ["SpiffeWorkloadAPI", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
        Assert.Equal(served, reflection.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_broker_gets_the_svids_of_the_pods_that_it_names()
    {
        _issuer.WritePod("a", "uid-a");
        await using var run = Broker("spiffe://cluster.local/node-proxy/issuer", Pod("a"));

        var snapshot = await run.UntilAsync(Has("a"));

        Assert.NotNull(snapshot.FindBundle("uid-a", Own.TrustDomain));
        Assert.Single(snapshot.Svids);
    }

    [Fact]
    public async Task A_pod_that_comes_late_or_goes_is_followed()
    {
        await using var run = Broker("spiffe://cluster.local/node-proxy/issuer", Pod("a"));
        await run.UntilLoggedAsync("NotFound: no such pod");

        _issuer.WritePod("a", "uid-a");
        await run.UntilAsync(Has("a"));
        _issuer.RemovePod("a");
        await run.UntilAsync(snapshot => !Has("a")(snapshot));
    }

    [Fact]
    public async Task The_successor_of_a_pods_name_is_another_pod()
    {
        _issuer.WritePod("a", "uid-other");
        await using var run = Broker("spiffe://cluster.local/node-proxy/issuer", Pod("a"));

        await run.UntilLoggedAsync("NotFound: no such pod");
    }

    [Fact]
    public async Task A_pod_whose_manifest_says_no_uid_is_given_to_nobody_who_names_one()
    {
        _issuer.WritePod("a", "");
        await using var run = Broker("spiffe://cluster.local/node-proxy/issuer", Pod("a"));
        await run.UntilLoggedAsync("NotFound: the pod's manifest says no uid, so the one of the reference cannot be checked");
        Assert.False(run.Source.Current.Svids.Any());

        _issuer.WritePod("a", "uid-a");
        await run.UntilAsync(Has("a"));
    }

    [Fact]
    public async Task Who_is_no_broker_is_not_let_in()
    {
        _issuer.WriteEntries(IssuerApis.Entry("somebody", $"unix:uid:{Native.UnixPeer.OwnUserId}"));
        _issuer.WritePod("a", "uid-a");
        await using (var own = new SourceRun(log => new WorkloadApiSource(_issuer.Workload, TimeProvider.System, log), Pod("own")))
            await own.UntilAsync(snapshot => snapshot.FindSvid("uid-own", SpiffeId.Parse("spiffe://cluster.local/somebody")) is not null);
        await using var run = Broker("spiffe://cluster.local/node-proxy/issuer", Pod("a"));

        await run.UntilLoggedAsync($"the SVIDs of default/a from {_issuer.Broker}: Unavailable");
        Assert.False(run.Source.Current.Svids.Any());
        Assert.False(run.Source.IsConnected);
        Assert.DoesNotContain("no SVID", run.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_without_a_certificate_is_not_let_in()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_issuer.Options.BrokerSocketPath!), Stop);
        await using var tls = new SslStream(new NetworkStream(socket), false, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "" }, Stop);

        // In TLS 1.3 the refusal comes with the first reading.
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            if (await tls.ReadAsync(new byte[1], Stop) == 0)
                throw new IOException("closed");
        });
    }

    [Theory]
    [InlineData("pods", "apps", "a")]
    [InlineData("services", "core", "a")]
    [InlineData("pods", "core", "")]
    public async Task A_reference_to_anything_but_a_pod_is_invalid(string plural, string group, string name)
    {
        _issuer.WritePod("a", "uid-a");
        var reference = new KubernetesObjectReference
        {
            Type = new KubernetesObjectType { Plural = plural, Group = group },
            Key = new KubernetesObjectKey { Namespace = "default", Name = name },
        };

        Assert.Equal(StatusCode.InvalidArgument, await AskBrokerAsync(Any.Pack(reference), isHeaded: true));
        Assert.Equal(StatusCode.InvalidArgument, await AskBrokerAsync(Any.Pack(new WorkloadPIDReference { Pid = 1 }), isHeaded: true));
        Assert.Equal(StatusCode.InvalidArgument, await AskBrokerAsync(null, isHeaded: true));
        Assert.Equal(StatusCode.InvalidArgument, await AskBrokerAsync(Any.Pack(reference), isHeaded: false));
    }

    private async Task<StatusCode> AskBrokerAsync(Any? reference, bool isHeaded)
    {
        using var api = ApiChannel.Open(_issuer.Options.WorkloadSocketPath!);
        using var fetch = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(api).FetchX509SVID(new X509SVIDRequest(), WorkloadHeader, cancellationToken: Stop);
        Assert.True(await fetch.ResponseStream.MoveNext(Stop));
        Assert.True(SvidMessages.TryRead(fetch.ResponseStream.Current.Svids, [], out var identity, out var error), error);
        Assert.True(SpiffeIdPattern.TryParse("spiffe://cluster.local/node-proxy/issuer", out var server));
        var own = new OwnIdentity(server, TimeProvider.System);
        own.Apply(identity);
        using var channel = ApiChannel.Open(new UnixDomainSocketEndPoint(_issuer.Options.BrokerSocketPath!), own.SecureAsync);
        var request = new SubscribeToX509SVIDRequest { Reference = new Spiffe.Broker.Protocol.WorkloadReference { Reference = reference } };
        var headers = isHeaded ? new Metadata { { "broker.spiffe.io", "true" } } : [];
        return (await FaultOfAsync(new API.APIClient(channel).SubscribeToX509SVID(request, headers, cancellationToken: Stop).ResponseStream)).StatusCode;
    }

    private SourceRun Broker(string server, params WorkloadReference[] pods)
    {
        Assert.True(SpiffeIdPattern.TryParse(server, out var pattern));
        return new SourceRun(log => new BrokerSource(_issuer.Broker, pattern, _issuer.Workload, TimeProvider.System, log), pods);
    }

    private static Func<IdentitySnapshot, bool> Has(string name) => snapshot =>
        snapshot.FindSvid($"uid-{name}", SpiffeId.Parse($"spiffe://cluster.local/ns/default/sa/{name}")) is not null;

    private static WorkloadReference Pod(string name) => new($"uid-{name}", "default", name, name, "node1", new Dictionary<string, string>());

    private static async Task<RpcException> FaultOfAsync<T>(IAsyncStreamReader<T> stream) => await Assert.ThrowsAsync<RpcException>(async () =>
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await stream.MoveNext(limit.Token))
            continue;
    });
}
