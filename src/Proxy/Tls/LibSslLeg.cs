using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using Proxy.Engine;
using Proxy.Native;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// TLS 1.3 by libssl over a plain leg. libssl receives into its own buffer, which it holds while there is something in
/// it, and sends from its own: what waits to be sent waits there, so an idle connection holds no buffer at all.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Every leg ends by Close or Abort, which dispose of the session.")]
internal sealed class LibSslLeg : TlsLeg, ISslCarrier
{
    /// <summary>Plaintext of a record (RFC 8446 §5.1).</summary>
    private const int RecordSize = 16 * 1024;

    /// <summary>Receives of one call: whoever sends records without content must not keep the worker.</summary>
    private const int ReceiveBudget = 8;

    private const string Cut = "The connection is broken.";

    private readonly PlainLeg _transport;
    private readonly Completion<int> _reading = new();
    private readonly Completion<bool> _writing = new();
    private readonly Action _onReadable;
    private readonly Action _onWritable;
    private readonly Action _onProgress;
    private SslSession? _session;
    private PeerVerifier? _verifier;
    private Memory<byte> _readBuffer;
    private ReadOnlyMemory<byte> _unwritten;
    private int _readWant;
    private int _writeWant;
    private int _unsent;
    private int _receives;
    private bool _isServer;
    private bool _isWaiting;
    private bool _isEnding;
    private bool _isBroken;
    private bool _hasEnded;
    private bool _hasSentEnd;
    private bool _isClosed;
    private bool _awaitsReadable;
    private bool _awaitsWritable;

    internal LibSslLeg(PlainLeg transport)
    {
        _transport = transport;
        _onReadable = OnReadable;
        _onWritable = OnWritable;
        _onProgress = OnProgress;
    }

    internal override Action? OnReset
    {
        get => _transport.OnReset;
        set => _transport.OnReset = value;
    }

    internal override SslApplicationProtocol Protocol => TlsContexts.ProtocolOf(_session is null ? [] : _session.Protocol);

    internal override HandshakeTurn? Turn { get; set; }

    internal override ValueTask<string?> AuthenticateAsClientAsync(X509Svid svid, PeerVerifier verifier, bool offersTunnel = true) =>
        AuthenticateAsync(svid, verifier, offersTunnel ? TlsRole.TunnelClient : TlsRole.Client);

    internal override ValueTask<string?> AuthenticateAsServerAsync(X509Svid svid, PeerVerifier verifier) =>
        AuthenticateAsync(svid, verifier, TlsRole.Server);

    internal override bool HasBytes => _session is { HasBytes: true } && !_isBroken;

    internal override ValueTask WaitAsync()
    {
        if (_session is not { } session || _isBroken || _hasEnded)
            return default;
        _readWant = session.HasPending ? Call().Peek() : SslSession.WantRead;
        if (_readWant >= Broken)
        {
            _isBroken |= _readWant == Broken;
            return default;
        }

        _isWaiting = true;
        var waiting = _reading.ArmUntyped();
        Await(_readWant);
        return waiting;
    }

    internal override ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        var count = TryRead(buffer.Span);
        if (count >= Broken)
            return new ValueTask<int>(count);
        _readBuffer = buffer;
        var reading = _reading.Arm();
        Await(_readWant = count);
        return reading;
    }

    internal override ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
            return new ValueTask<bool>(!_isClosed);
        _unsent = bytes.Length;
        _unwritten = bytes;
        return BeginWriting();
    }

    internal override ValueTask<bool> EndAsync()
    {
        if (_hasSentEnd)
            return new ValueTask<bool>(!_isClosed);
        _isEnding = true;
        return BeginWriting();
    }

    internal override void Close()
    {
        _isClosed = true;
        _transport.Close();
        Release();
    }

    internal override void Abort()
    {
        _isClosed = true;
        _transport.Abort();
        Release();
    }

    int ISslCarrier.Receive(Span<byte> buffer)
    {
        if (_receives-- == 0)
            return SslSession.WantRead;
        var count = _transport.TryReceive(buffer);
        return count == PlainLeg.WouldBlock ? SslSession.WantRead : count;
    }

    int ISslCarrier.Send(ReadOnlySpan<byte> bytes)
    {
        var count = _transport.TrySend(bytes, hasMore: _unsent > RecordSize);
        if (count == bytes.Length)
            _unsent -= RecordSize;
        return count == PlainLeg.WouldBlock ? SslSession.WantWrite : count;
    }

    CertificateAlert? ISslCarrier.Judge(IReadOnlyList<byte[]> presented) => _verifier!.Judge(presented, _isServer) ? null : _verifier.Alert;

    private async ValueTask<string?> AuthenticateAsync(X509Svid svid, PeerVerifier verifier, TlsRole role)
    {
        if (_isClosed || _transport.IsClosed)
            return Cut;
        (_verifier, _isServer) = (verifier, role == TlsRole.Server);
        _session = LibSslContexts.Of(svid, role).Open(_isServer, this);
        while (Call().Handshake() is var result and <= 0)
        {
            if (result is 0 or Broken)
                return FailHandshake(verifier);
            if (!await AwaitHandshakeAsync(result))
            {
                Release();
                return Cut;
            }
        }

        return null;
    }

    private async ValueTask<bool> AwaitHandshakeAsync(int want)
    {
        if (want == SslSession.WantWrite)
        {
            await _transport.WaitWritableAsync();
            return !_isClosed;
        }

        await _transport.WaitAsync();
        return !_isClosed && (Turn is not { } turn || await turn.NextAsync()) && !_isClosed;
    }

    private string FailHandshake(PeerVerifier verifier)
    {
        var session = _session!;
        if (session.PeerHadNoCertificate)
            verifier.Judge([], _isServer);
        Release();
        return session.Fault.Length > 0 ? session.Fault : Cut;
    }

    private SslSession Call()
    {
        _receives = ReceiveBudget;
        return _session!;
    }

    /// <summary>As much as there is and fits; an end or a fault behind it is told by the next read.</summary>
    private int TryRead(Span<byte> buffer)
    {
        if (_session is null || _isBroken)
            return Broken;
        var total = 0;
        int count;
        do
        {
            count = Call().Read(buffer[total..]);
            total += Math.Max(count, 0);
        }
        while (count > 0 && total < buffer.Length && (_transport.MayHaveBytes || _session.HasPending));
        _isBroken |= count == Broken;
        _hasEnded |= count == 0;
        if (_writing.IsArmed && _writeWant == SslSession.WantRead)
            _transport.Worker.Defer(_onProgress);
        return total > 0 ? total : count;
    }

    /// <summary>Above 0 when all is written, or close_notify sent.</summary>
    private int TryWrite()
    {
        if (_session is null)
            return Broken;
        return _isEnding ? Call().Shutdown() : Call().Write(_unwritten.Span);
    }

    private ValueTask<bool> BeginWriting()
    {
        var result = TryWrite();
        if (result >= Broken)
        {
            EndWriting(result > 0);
            return new ValueTask<bool>(result > 0);
        }

        var writing = _writing.Arm();
        Await(_writeWant = result);
        return writing;
    }

    private void EndWriting(bool done)
    {
        _hasSentEnd |= done && _isEnding;
        _isEnding = false;
        _unwritten = default;
    }

    private void Await(int want)
    {
        if (want == SslSession.WantWrite)
            AwaitWritable();
        else
            AwaitReadable();
    }

    private void AwaitReadable()
    {
        if (_awaitsReadable)
            return;
        _awaitsReadable = true;
        Then(_transport.WaitAsync(), _onReadable);
    }

    private void AwaitWritable()
    {
        if (_awaitsWritable)
            return;
        _awaitsWritable = true;
        Then(_transport.WaitWritableAsync(), _onWritable);
    }

    // Without an async method, which would allocate. What is ready already has used up its budget: others go first.
    private void Then(ValueTask ready, Action next)
    {
        if (ready.IsCompleted)
            _transport.Worker.Defer(next);
        else
            ready.GetAwaiter().UnsafeOnCompleted(next);
    }

    private void OnReadable()
    {
        _awaitsReadable = false;
        Continue(SslSession.WantRead);
    }

    private void OnWritable()
    {
        _awaitsWritable = false;
        Continue(SslSession.WantWrite);
    }

    // A write that waits for the peer's half of a key update may go on when a read has taken it.
    private void OnProgress()
    {
        if (_writing.IsArmed && _writeWant == SslSession.WantRead)
            ContinueWriting();
    }

    private void Continue(int want)
    {
        if (_reading.IsArmed && _readWant == want)
            ContinueReading();
        if (_writing.IsArmed && _writeWant == want)
            ContinueWriting();
    }

    private void ContinueReading()
    {
        var count = _isWaiting ? 0 : TryRead(_readBuffer.Span);
        if (count >= Broken)
            CompleteRead(count);
        else
            Await(_readWant = count);
    }

    private void ContinueWriting()
    {
        var result = TryWrite();
        if (result >= Broken)
            CompleteWrite(result > 0);
        else
            Await(_writeWant = result);
    }

    private void CompleteRead(int count)
    {
        _isWaiting = false;
        _readBuffer = default;
        _reading.Complete(count);
    }

    private void CompleteWrite(bool done)
    {
        EndWriting(done);
        _writing.Complete(done);
    }

    /// <summary>Frees what libssl holds, and completes what is pending as broken.</summary>
    private void Release()
    {
        _session?.Dispose();
        _session = null;
        if (_reading.IsArmed)
            CompleteRead(Broken);
        if (_writing.IsArmed)
            CompleteWrite(false);
    }
}
