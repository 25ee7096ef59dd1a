using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Proxy.Spiffe.Broker.Protocol;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Tests.Sources;

public sealed class ApiChannelTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly ApiConnectionLimits Short = new() { Connect = TimeSpan.FromMilliseconds(300) };

    private readonly ApiPeer _peer = new();
    private readonly Material _own = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        _own.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_takes_connections_and_does_nothing_is_one_that_is_away(bool isUnix)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("silent-").FullName, "api.sock");
        using var silent = new Socket(isUnix ? AddressFamily.Unix : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(isUnix ? new UnixDomainSocketEndPoint(path) : new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        using var channel = ApiChannel.Open(silent.LocalEndPoint!, SecureAsync, Short);

        var fault = await FaultOfAsync(channel);

        Assert.Equal(StatusCode.Unavailable, fault.StatusCode);
        Assert.Contains("no connection within 0.3 s", fault.Status.Detail, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public async Task A_server_that_is_not_who_it_should_be_is_one_that_is_away()
    {
        await _peer.StartAsync(_own.Svid("agent"));
        using var channel = ApiChannel.Open(
            _peer.BrokerEndpoint.Address, (_, _) => throw new System.Security.Authentication.AuthenticationException("somebody else"));

        var fault = await FaultOfAsync(channel);

        Assert.Equal(StatusCode.Unavailable, fault.StatusCode);
        Assert.Contains("somebody else", fault.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_streams_leave_an_old_connection_and_those_that_are_on_it_go_on()
    {
        var connections = new List<NetworkStream>();
        _peer.Brokered["uid-a"] = new();
        _peer.Brokered["uid-b"] = new();
        await _peer.StartAsync(_own.Svid("agent"));
        using var channel = ApiChannel.Open(_peer.BrokerEndpoint.Address, Secure, new ApiConnectionLimits { Age = TimeSpan.FromSeconds(1) });
        var client = new API.APIClient(channel);
        var old = client.SubscribeToX509SVID(RequestOf("uid-a"), cancellationToken: Stop);
        await _peer.Brokered["uid-a"].OpenedAsync();

        using var limit = new CancellationTokenSource(Limit);
        while (connections.Count < 2)
        {
            limit.Token.ThrowIfCancellationRequested();
            using var other = client.SubscribeToX509SVID(RequestOf("uid-b"), cancellationToken: Stop);
            await _peer.Brokered["uid-b"].OpenedAsync();
            await Task.Delay(20, Stop);
        }

        _peer.Brokered["uid-a"].Say(new SubscribeToX509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        Assert.True(await old.ResponseStream.MoveNext(Stop).WaitAsync(Limit, Stop));
        Assert.Single(old.ResponseStream.Current.Svids);
        Assert.False(connections[0].Socket.SafeHandle.IsClosed);
        old.Dispose();
        while (!connections[0].Socket.SafeHandle.IsClosed)
            await Task.Delay(20, limit.Token);

        async Task<Stream> Secure(Stream plain, CancellationToken stop)
        {
            connections.Add((NetworkStream)plain);
            return await SecureAsync(plain, stop);
        }
    }

    [Fact]
    public async Task A_machine_that_is_gone_is_noticed_by_TCP()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        var options = new List<int>();
        using var channel = ApiChannel.Open(silent.LocalEndPoint!, (plain, _) =>
        {
            var socket = ((NetworkStream)plain).Socket;
            options.AddRange(from name in (SocketOptionName[])[SocketOptionName.TcpKeepAliveTime, SocketOptionName.TcpKeepAliveInterval, SocketOptionName.TcpKeepAliveRetryCount]
                             select (int)socket.GetSocketOption(SocketOptionLevel.Tcp, name)!);
            options.Add((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
            throw new IOException("enough");
        });

        await FaultOfAsync(channel);

        Assert.Equal([30, 10, 3, 1], options.Take(4));
    }

    [Fact]
    public async Task What_is_away_is_told_without_the_names_of_exceptions_and_of_hosts()
    {
        var pod = new Spiffe.WorkloadReference("uid-a", "default", "a", "a", "node1", new Dictionary<string, string>());
        await using var run = new SourceRun(log => new Spiffe.WorkloadApi.WorkloadApiSource(_peer.WorkloadEndpoint, TimeProvider.System, log), pod);

        await run.UntilLoggedAsync($"the SVIDs of default/a from {_peer.WorkloadEndpoint}: Unavailable: ");

        Assert.DoesNotContain("Exception", run.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("localhost", run.Log, StringComparison.Ordinal);
    }

    private async Task<Stream> SecureAsync(Stream plain, CancellationToken stop)
    {
        var tls = new SslStream(plain);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "",
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                ClientCertificates = [_own.Svid("proxy").Certificate],
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            },
            stop);
        return tls;
    }

    private static SubscribeToX509SVIDRequest RequestOf(string uid) =>
        new() { Reference = new WorkloadReference { Reference = Any.Pack(new KubernetesObjectReference { Uid = uid }) } };

    private static async Task<RpcException> FaultOfAsync(GrpcChannel channel)
    {
        using var call = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel).FetchX509SVID(new X509SVIDRequest(), cancellationToken: Stop);
        return await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Stop).WaitAsync(Limit, Stop));
    }
}
