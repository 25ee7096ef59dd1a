using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Proxy.Engine;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// TLS 1.3 by SslStream over a plain leg: works with whatever .NET works with.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Every leg ends by Close or Abort, which dispose the stream.")]
internal sealed class SslStreamLeg : TlsLeg
{
    private readonly PlainLeg _transport;
    private readonly LegStream _stream;
    private readonly SslStream _tls;

    // SslStream holds nothing that the transport would not announce: no bytes, and no close_notify behind them.
    private bool _isDrained;
    private uint _reads;
    private int _taken;

    internal SslStreamLeg(PlainLeg transport)
    {
        _transport = transport;
        _stream = new LegStream(transport);
        _tls = new SslStream(_stream, leaveInnerStreamOpen: true);
    }

    internal override Action? OnReset
    {
        get => _transport.OnReset;
        set => _transport.OnReset = value;
    }

    internal override SslApplicationProtocol Protocol => _tls.NegotiatedApplicationProtocol;

    internal override HandshakeTurn? Turn
    {
        get => _stream.Turn;
        set => _stream.Turn = value;
    }

    internal override ValueTask<string?> AuthenticateAsClientAsync(X509Svid svid, PeerVerifier verifier, bool offersTunnel = true) =>
        HandshakeAsync(tls => tls.AuthenticateAsClientAsync(TlsContexts.ForClient(svid, verifier, offersTunnel)));

    internal override ValueTask<string?> AuthenticateAsServerAsync(X509Svid svid, PeerVerifier verifier) =>
        HandshakeAsync(tls => tls.AuthenticateAsServerAsync(TlsContexts.ForServer(svid, verifier)));

    // Waiting through SslStream costs three more state machines, and a copy: it decrypts before there is a buffer.
    internal override ValueTask WaitAsync() => _isDrained ? _transport.WaitAsync() : WaitForTlsAsync();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal override async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        try
        {
            var count = await _tls.ReadAsync(buffer);
            NoteTaken(count);
            return count == 0 && _stream.HasEnded ? Broken : count;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return Broken;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal override async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _tls.WriteAsync(bytes);
            return true;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return false;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal override async ValueTask<bool> EndAsync()
    {
        try
        {
            await _tls.ShutdownAsync();
            return !_transport.IsClosed;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return false;
        }
    }

    internal override void Close()
    {
        _transport.Close();
        _tls.Dispose();
    }

    internal override void Abort()
    {
        // The transport goes first: what SslStream has pending fails with it, and only then is it idle to be disposed.
        _transport.Abort();
        _tls.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForTlsAsync()
    {
        try
        {
            _ = await _tls.ReadAsync(Memory<byte>.Empty);
        }
        catch (Exception e) when (IsBroken(e))
        {
            // The read that follows says so.
        }
    }

    // A tunnel takes a record in several reads.
    private void NoteTaken(int count)
    {
        if (_stream.Reads != _reads)
            (_reads, _taken) = (_stream.Reads, 0);
        _taken += count;
        _isDrained = count > 0 && _taken == _stream.Plaintext;
    }

    // A leg that was cut before its handshake began refuses at the call, not in the task.
    private async ValueTask<string?> HandshakeAsync(Func<SslStream, Task> begin)
    {
        try
        {
            await begin(_tls);
            return null;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return e.InnerException?.Message ?? e.Message;
        }
    }

    // What a peer, or our own abort, can bring about; anything else is a bug and must be seen.
    private static bool IsBroken(Exception e) =>
        e is IOException or AuthenticationException or ObjectDisposedException or InvalidOperationException { Source: "System.Net.Security" };
}
