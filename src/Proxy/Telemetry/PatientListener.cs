using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;

namespace Proxy.Telemetry;

/// <summary>
/// Kestrel's sockets, but for one thing: where no client can be taken, for want of a descriptor, Kestrel's own listener
/// tries again at once, for ever, and takes a third of a core for that. This one waits in between.
/// </summary>
internal sealed class PatientListenerFactory(SocketTransportOptions options, TimeProvider time) : IConnectionListenerFactory
{
    /// <summary>Instead of whatever Kestrel would listen with.</summary>
    internal static void AddTo(IServiceCollection services, SocketTransportOptions options)
    {
        services.RemoveAll<IConnectionListenerFactory>();
        services.AddSingleton<IConnectionListenerFactory>(new PatientListenerFactory(options, TimeProvider.System));
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = Bind(endpoint);
        socket.Listen(options.Backlog);
        return new ValueTask<IConnectionListener>(new PatientListener(socket, options, time));
    }

    private Socket Bind(EndPoint endpoint)
    {
        try
        {
            return options.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }
    }
}

/// <summary>Hands clients to Kestrel.</summary>
internal sealed class PatientListener(Socket socket, SocketTransportOptions options, TimeProvider time) : IConnectionListener
{
    /// <summary>Between two attempts to take a client who waits.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly SocketConnectionContextFactory _contexts = new(new SocketConnectionFactoryOptions(), NullLogger.Instance);
    private readonly CancellationTokenSource _stopping = new();

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                if (accepted.LocalEndPoint is IPEndPoint)
                    accepted.NoDelay = options.NoDelay;
                return _contexts.Create(accepted);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (SocketException)
            {
                // A client that gave up concerns itself only; anything else would be met again at once.
                await Task.Delay(Pause, time, _stopping.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _stopping.CancelAsync();
        socket.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        _contexts.Dispose();
        _stopping.Dispose();
    }
}
