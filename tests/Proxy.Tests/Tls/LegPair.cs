using System.Net;
using Proxy.Engine;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

/// <summary>Two legs of one worker, joined on loopback and secured, each by the engine of its own.</summary>
internal sealed record LegPair(TlsLeg Client, TlsLeg Server)
{
    public static Task<LegPair> CreateAsync(TestWorker worker, TestPki pki, TlsEngine client, TlsEngine server) =>
        worker.RunAsync(() => ConnectAsync(worker.Worker, pki, client, server));

    /// <summary>A leg that connected, and one that accepted.</summary>
    public static async ValueTask<(PlainLeg Client, PlainLeg Server)> JoinAsync(Worker worker)
    {
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var listener));
        Assert.Equal(SocketFault.None, listener.Bind(new Endpoint(Address.From(IPAddress.Loopback), 0)));
        Assert.Equal(SocketFault.None, listener.Listen(1));
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var dialled));
        var client = new PlainLeg(worker, dialled, isConnected: false);
        Assert.Equal(SocketFault.None, await client.ConnectAsync(listener.LocalEndpoint()));
        Assert.Equal(SocketFault.None, listener.Accept(out var accepted, out _));
        listener.Close();
        PlainLeg.Prepare(accepted);
        return (client, new PlainLeg(worker, accepted, isConnected: true));
    }

    public static async ValueTask<LegPair> ConnectAsync(Worker worker, TestPki pki, TlsEngine clientEngine, TlsEngine serverEngine)
    {
        var (clientSocket, serverSocket) = await JoinAsync(worker);
        var (client, server) = (clientEngine.Secure(clientSocket), serverEngine.Secure(serverSocket));
        var (ofServer, ofClient) = (pki.VerifierOf(TestPki.ServerId), pki.VerifierOf(TestPki.ClientId));
        var accepting = Handshake.RunAsync(worker, server, worker.Handshakes.Of(default), Patience.Limit, ofClient,
            () => server.AuthenticateAsServerAsync(pki.Server, ofClient)).AsTask();
        var connected = await Handshake.RunAsync(worker, client, worker.Handshakes.Of(default), Patience.Limit, ofServer,
            () => client.AuthenticateAsClientAsync(pki.Client, ofServer));
        Assert.Equal((null, null), (connected.Reason, (await accepting).Reason));
        return new LegPair(client, server);
    }

    public void Abort()
    {
        Client.Abort();
        Server.Abort();
    }
}
