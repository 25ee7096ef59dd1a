using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
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

    private static async Task<RpcException> FaultOfAsync(GrpcChannel channel)
    {
        using var call = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel).FetchX509SVID(new X509SVIDRequest(), cancellationToken: Stop);
        return await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Stop).WaitAsync(Limit, Stop));
    }
}
