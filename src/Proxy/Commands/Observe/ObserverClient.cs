using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Asks one daemon, over its Unix socket.</summary>
internal sealed class ObserverClient : IDisposable
{
    private readonly GrpcChannel _channel;

    /// <exception cref="UsageFault">The server is not of the form unix:///path.</exception>
    public ObserverClient(string server)
    {
        Server = server;
        var endPoint = EndPoint(server);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) => await ConnectAsync(endPoint, cancel),
        };
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        Stub = new Observer.ObserverClient(_channel);
        Health = new Health.HealthClient(_channel);
    }

    public string Server { get; }

    public Observer.ObserverClient Stub { get; }

    public Health.HealthClient Health { get; }

    /// <summary>What to tell a person for whom the daemon did not answer.</summary>
    public static string Explain(string server, RpcException failure)
    {
        var cause = failure.GetBaseException() switch
        {
            // What .NET makes of ENOENT.
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "there is no such socket",
            SocketException socket => socket.Message,
            _ => failure.Status.Detail,
        };
        return $"cannot reach node-proxy at {server}: {cause}. "
            + "Check that 'node-proxy run' is running on this node, that --server names the observer.sock in its --run-dir, "
            + "and that you may open the socket (root, or its group).";
    }

    public void Dispose() => _channel.Dispose();

    private static UnixDomainSocketEndPoint EndPoint(string server)
    {
        const string Scheme = "unix://";
        var path = server.StartsWith(Scheme, StringComparison.Ordinal) ? server[Scheme.Length..] : server;
        if (!path.StartsWith('/'))
            throw new UsageFault($"cannot use server '{server}'; it has the form unix:///path/to/observer.sock");
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new UsageFault($"the socket path of '{server}' is longer than the kernel takes (107 bytes)");
        }
    }

    private static async Task<Stream> ConnectAsync(UnixDomainSocketEndPoint endPoint, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endPoint, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
