using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Proxy.Native;

/// <summary>
/// An SSL_CTX: TLS 1.3 in the name of one certificate, both ends with one. libssl counts who uses it: sessions that were
/// opened with it live on when this is freed.
/// </summary>
internal sealed unsafe class SslContext : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>Two records of the largest size (RFC 8446 §5.2), so that one call to the kernel brings both.</summary>
    private const int ReadBuffer = 36 * 1024;

    /// <summary>Bytes of certificates that a peer may present.</summary>
    private const int LargestCertificateList = 64 * 1024;

    private SslContext(nint context)
        : base(ownsHandle: true) => SetHandle(context);

    /// <summary>Makes a context; the key is copied, and the caller wipes his.</summary>
    /// <param name="isServer">Servers choose among the protocols in this order, clients offer them.</param>
    /// <param name="chain">DER, the leaf first.</param>
    /// <param name="key">The leaf's private key, PKCS#8.</param>
    /// <param name="protocols">For ALPN.</param>
    /// <exception cref="IOException">libssl does not take certificate or key.</exception>
    internal static SslContext Create(bool isServer, IReadOnlyList<ReadOnlyMemory<byte>> chain, ReadOnlySpan<byte> key, AlpnList protocols)
    {
        LibCrypto.ClearErrors();
        var context = new SslContext(LibSsl.ContextNew(LibSsl.TlsMethod()));
        Require(!context.IsInvalid);
        try
        {
            context.Configure();
            context.Verify(protocols, isServer);
            for (var i = 0; i < chain.Count; i++)
                context.Present(chain[i].Span, isLeaf: i == 0);
            context.Use(key);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>A session over what <paramref name="carrier"/> sends and receives.</summary>
    internal SslSession Open(bool isServer, ISslCarrier carrier)
    {
        // Within this call nobody disposes of the context, and the session holds a reference of its own afterwards.
        var ssl = LibSsl.New(handle);
        GC.KeepAlive(this);
        return new SslSession(ssl, isServer, carrier);
    }

    protected override bool ReleaseHandle()
    {
        LibSsl.ContextFree(handle);
        return true;
    }

    private void Configure()
    {
        Require(LibSsl.ContextControl(handle, LibSsl.SetMinimumVersion, LibSsl.Tls13, null) == 1);
        Require(LibSsl.ContextControl(handle, LibSsl.SetMaximumVersion, LibSsl.Tls13, null) == 1);
        LibSsl.ContextControl(handle, LibSsl.SetMode, LibSsl.AcceptMovingWriteBuffer | LibSsl.NoAutoChain | LibSsl.ReleaseBuffers, null);
        LibSsl.ContextControl(handle, LibSsl.SetReadAhead, 1, null);
        LibSsl.ContextControl(handle, LibSsl.SetSessionCacheMode, 0, null);
        LibSsl.ContextControl(handle, LibSsl.SetMaxCertificateList, LargestCertificateList, null);
        LibSsl.ContextSetReadBuffer(handle, ReadBuffer);
        LibSsl.ContextSetOptions(handle, LibSsl.NoTicket | LibSsl.NoCompression | LibSsl.NoRenegotiation
            | LibSsl.NoTxCertificateCompression | LibSsl.NoRxCertificateCompression);
        Require(LibSsl.ContextSetTickets(handle, 0) == 1);
    }

    private void Verify(AlpnList protocols, bool isServer)
    {
        LibSsl.ContextSetVerify(handle, LibSsl.VerifyPeer | LibSsl.FailIfNoPeerCertificate, 0);
        // In the place of libssl's own verification, so that no trust store is ever looked at.
        LibSsl.ContextSetVerifyCallback(handle, &SslCallbacks.OnVerify, 0);
        if (isServer)
            LibSsl.ContextSetAlpnCallback(handle, &OnSelectProtocol, (nint)protocols.Start);
        else if (protocols.Length > 0)
            Require(LibSsl.ContextSetAlpn(handle, protocols.List, protocols.Length) == 0);
    }

    private void Present(ReadOnlySpan<byte> der, bool isLeaf)
    {
        fixed (byte* start = der)
        {
            var next = start;
            var certificate = LibCrypto.ReadCertificate(0, &next, der.Length);
            Require(certificate != 0);
            var taken = isLeaf
                ? LibSsl.ContextUseCertificate(handle, certificate)
                : (int)LibSsl.ContextControl(handle, LibSsl.AddChainCertificate, 1, (void*)certificate);
            LibCrypto.FreeCertificate(certificate);
            Require(taken == 1);
        }
    }

    private void Use(ReadOnlySpan<byte> pkcs8)
    {
        fixed (byte* start = pkcs8)
        {
            var next = start;
            var key = LibCrypto.ReadPrivateKey(0, &next, pkcs8.Length);
            Require(key != 0);
            var taken = LibSsl.ContextUsePrivateKey(handle, key);
            LibCrypto.FreeKey(key);
            Require(taken == 1);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSelectProtocol(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint list)
    {
        var protocols = AlpnList.Read((byte*)list, out var length);
        return LibSsl.SelectProtocol(chosen, chosenLength, protocols, length, offered, offeredLength) == LibSsl.AlpnNegotiated
            ? LibSsl.AlpnOk
            : LibSsl.AlpnFatal;
    }

    private static void Require(bool isDone)
    {
        if (!isDone)
            throw new IOException($"libssl refused an SVID: {SslError.Take()}.");
    }
}
