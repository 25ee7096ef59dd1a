using System.Net.Sockets;
using Grpc.Net.Client;

namespace Proxy.Spiffe.Streams;

/// <summary>gRPC without TLS over a Unix socket.</summary>
internal static class UnixChannel
{
    // Many SVIDs under one selector are more than gRPC's default of 4 MiB; 20 MiB is what Cilium's client takes.
    private const int MaximumMessageSize = 20 * 1024 * 1024;

    public static GrpcChannel Open(string unixSocketPath)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, stop) => ConnectAsync(unixSocketPath, stop),
            UseProxy = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true, // one stream per workload may be more than one connection takes
        };
        return GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaximumMessageSize,
        });
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
