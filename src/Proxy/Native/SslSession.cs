using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Proxy.Native;

/// <summary>
/// An SSL of libssl, used by one thread at a time. It holds no descriptor and no buffer of ours: its bytes go through
/// the carrier, within these calls. Whoever uses it keeps it alive and does not use it once it is disposed of.
/// </summary>
internal sealed unsafe class SslSession : SafeHandleZeroOrMinusOneIsInvalid
{
    internal const int Broken = -1;

    /// <summary>Nothing was done yet: call again when bytes have come.</summary>
    internal const int WantRead = -2;

    /// <summary>Nothing was done yet: call again, with the same bytes, when the carrier can send.</summary>
    internal const int WantWrite = -3;

    /// <summary>Takes over the SSL, which may be null for want of memory.</summary>
    internal SslSession(nint ssl, bool isServer, ISslCarrier carrier)
        : base(ownsHandle: true)
    {
        if (ssl == 0)
            throw new IOException("libssl has no memory for a session.");
        SetHandle(ssl);
        Carrier = carrier;
        var bio = SslCallbacks.CreateBio();
        LibSsl.SetBio(ssl, bio, bio);
        if (isServer)
            LibSsl.SetAcceptState(ssl);
        else
            LibSsl.SetConnectState(ssl);
    }

    internal ISslCarrier Carrier { get; }

    /// <summary>What a callback threw; it goes on behind libssl.</summary>
    internal Exception? Bug { get; set; }

    /// <summary>Why the session is broken, in libssl's words.</summary>
    internal string Fault { get; private set; } = "";

    /// <summary>True when the handshake ended because a client showed no certificate.</summary>
    internal bool PeerHadNoCertificate { get; private set; }

    /// <summary>True when bytes have been received that were not read, be they less than a record.</summary>
    internal bool HasPending => LibSsl.HasPending(handle) != 0;

    /// <summary>True when a record has been opened and not been read to its end: a read gets bytes without receiving.</summary>
    internal bool HasBytes => LibSsl.Pending(handle) > 0;

    /// <summary>The protocol agreed on by ALPN; empty when none was.</summary>
    internal ReadOnlySpan<byte> Protocol
    {
        get
        {
            byte* start;
            uint length;
            LibSsl.GetAlpn(handle, &start, &length);
            return new ReadOnlySpan<byte>(start, (int)length);
        }
    }

    /// <summary>1 when the handshake is done.</summary>
    internal int Handshake()
    {
        Enter();
        return Leave(LibSsl.DoHandshake(handle));
    }

    /// <summary>Bytes read, 0 at close_notify.</summary>
    internal int Read(Span<byte> buffer)
    {
        Enter();
        fixed (byte* start = buffer)
            return Leave(LibSsl.Read(handle, start, buffer.Length));
    }

    /// <summary>1 when a read would not wait, 0 at close_notify.</summary>
    internal int Peek()
    {
        byte one;
        Enter();
        return Leave(LibSsl.Peek(handle, &one, 1));
    }

    /// <summary>The number of bytes, all of them; there must be one.</summary>
    internal int Write(ReadOnlySpan<byte> bytes)
    {
        Enter();
        fixed (byte* start = bytes)
            return Leave(LibSsl.Write(handle, start, bytes.Length));
    }

    /// <summary>Sends close_notify; 1 when it was sent.</summary>
    internal int Shutdown()
    {
        Enter();
        // 0 is no failure: the peer's own is still to come.
        return LibSsl.Shutdown(handle) is var result and < 0 ? Leave(result) : Leave(1);
    }

    protected override bool ReleaseHandle()
    {
        LibSsl.Free(handle);
        return true;
    }

    private void Enter()
    {
        SslCallbacks.Current = this;
        // It is empty nearly always, and to look costs less than to empty it.
        if (LibCrypto.PeekError() != 0)
            LibCrypto.ClearErrors();
    }

    private int Leave(int result)
    {
        SslCallbacks.Current = null;
        if (result > 0)
            return result;
        var outcome = LibSsl.GetError(handle, result) switch
        {
            LibSsl.WantRead => WantRead,
            LibSsl.WantWrite => WantWrite,
            LibSsl.ZeroReturn => 0,
            _ => Broken,
        };
        if (outcome == Broken)
            NoteFault();
        if (Bug is { } bug)
            ExceptionDispatchInfo.Throw(bug);
        return outcome;
    }

    private void NoteFault()
    {
        PeerHadNoCertificate = SslError.Reason == LibSsl.PeerWithoutCertificate;
        Fault = SslError.Take();
    }
}
