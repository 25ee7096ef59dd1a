using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Net.Client;

namespace Proxy.Spiffe.Streams;

/// <summary>gRPC over a Unix socket or TCP; without TLS, unless who opens it puts TLS on the connection.</summary>
internal static class ApiChannel
{
    // Many SVIDs under one selector are more than gRPC's default of 4 MiB; 20 MiB is what Cilium's client takes.
    private const int MaximumMessageSize = 20 * 1024 * 1024;

    private const int SecondsUntilProbes = 30;
    private const int SecondsBetweenProbes = 10;
    private const int Probes = 3;

    public static GrpcChannel Open(string unixSocketPath) => Open(new UnixDomainSocketEndPoint(unixSocketPath), null);

    /// <param name="address">Where to connect to.</param>
    /// <param name="secure">Makes a connected stream one of TLS; null for plain.</param>
    /// <param name="limits">Of each connection; null for the usual ones.</param>
    public static GrpcChannel Open(EndPoint address, Func<Stream, CancellationToken, Task<Stream>>? secure, ApiConnectionLimits? limits = null)
    {
        limits ??= new ApiConnectionLimits();
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, stop) => ConnectAsync(address, secure, limits.Connect, stop),
            UseProxy = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true, // one stream per workload may be more than one connection takes
            PooledConnectionLifetime = limits.Age,
        };
        // A connection that is one of TLS already is taken as it is; the scheme must say so to the server.
        return GrpcChannel.ForAddress(secure is null ? "http://localhost" : "https://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaximumMessageSize,
        });
    }

    // Not by the handler's own limit, which gRPC takes for an error of its own ('internal').
    private static async ValueTask<Stream> ConnectAsync(
        EndPoint address, Func<Stream, CancellationToken, Task<Stream>>? secure, TimeSpan longest, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(longest, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            return await ConnectAsync(address, secure, both.Token);
        }
        catch (AuthenticationException e)
        {
            // gRPC knows an IOException for "unavailable": nobody is there that could be spoken to.
            throw new IOException(e.Message, e);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new IOException($"no connection within {longest.TotalSeconds:0.#} s", e);
        }
    }

    private static async Task<Stream> ConnectAsync(
        EndPoint address, Func<Stream, CancellationToken, Task<Stream>>? secure, CancellationToken stop)
    {
        var socket = address is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : CreateTcp();
        try
        {
            await socket.ConnectAsync(address, stop);
            var plain = new NetworkStream(socket, ownsSocket: true);
            return secure is null ? plain : await secure(plain, stop);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A machine that is gone without a word is noticed by TCP: streams may be silent for hours, and gRPC servers take pings ill.
    private static Socket CreateTcp()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, SecondsUntilProbes);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, SecondsBetweenProbes);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        return socket;
    }
}
