using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>The calls into libssl. Numbers and names are those of OpenSSL 3.0 (openssl/ssl.h, openssl/tls1.h), the same in every 3.x.</summary>
internal static unsafe partial class LibSsl
{
    internal const string Library = "libssl.so.3";

    internal const int WantRead = 2, WantWrite = 3, ZeroReturn = 6;

    internal const int VerifyPeer = 1, FailIfNoPeerCertificate = 2;

    internal const int SetMode = 33, SetReadAhead = 41, SetSessionCacheMode = 44, SetMaxCertificateList = 51;
    internal const int AddChainCertificate = 89, SetMinimumVersion = 123, SetMaximumVersion = 124;

    internal const int Tls13 = 0x304;

    // SSL_MODE_: a retried write may come from elsewhere, only the configured chain is sent, idle connections hold no buffer.
    internal const int AcceptMovingWriteBuffer = 2, NoAutoChain = 8, ReleaseBuffers = 0x10;

    // SSL_OP_: no tickets, compression or renegotiation, and no compressed certificates (3.2 and newer).
    internal const ulong NoTicket = 1UL << 14, NoCompression = 1UL << 17, NoRenegotiation = 1UL << 30;
    internal const ulong NoTxCertificateCompression = 1UL << 32, NoRxCertificateCompression = 1UL << 33;

    // SSL_TLSEXT_ERR_ and OPENSSL_NPN_NEGOTIATED.
    internal const int AlpnOk = 0, AlpnFatal = 2, AlpnNegotiated = 1;

    /// <summary>SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE (openssl/sslerr.h).</summary>
    internal const uint PeerWithoutCertificate = 199;

    [LibraryImport(Library, EntryPoint = "OPENSSL_init_ssl")]
    internal static partial int Initialize(ulong options, nint settings);

    [LibraryImport(Library, EntryPoint = "TLS_method")]
    internal static partial nint TlsMethod();

    [LibraryImport(Library, EntryPoint = "SSL_CTX_new")]
    internal static partial nint ContextNew(nint method);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_free")]
    internal static partial void ContextFree(nint context);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_ctrl")]
    internal static partial nint ContextControl(nint context, int command, nint number, void* pointer);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_options")]
    internal static partial ulong ContextSetOptions(nint context, ulong options);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_num_tickets")]
    internal static partial int ContextSetTickets(nint context, nuint count);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_default_read_buffer_len")]
    internal static partial void ContextSetReadBuffer(nint context, nuint length);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_verify")]
    internal static partial void ContextSetVerify(nint context, int mode, nint callback);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_cert_verify_callback")]
    internal static partial void ContextSetVerifyCallback(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_alpn_protos")]
    internal static partial int ContextSetAlpn(nint context, byte* protocols, uint length);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_alpn_select_cb")]
    internal static partial void ContextSetAlpnCallback(
        nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Library, EntryPoint = "SSL_select_next_proto")]
    internal static partial int SelectProtocol(byte** chosen, byte* chosenLength, byte* server, uint serverLength, byte* client, uint clientLength);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_use_certificate")]
    internal static partial int ContextUseCertificate(nint context, nint certificate);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_use_PrivateKey")]
    internal static partial int ContextUsePrivateKey(nint context, nint key);

    [LibraryImport(Library, EntryPoint = "SSL_new")]
    internal static partial nint New(nint context);

    [LibraryImport(Library, EntryPoint = "SSL_free")]
    internal static partial void Free(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_set_bio")]
    internal static partial void SetBio(nint ssl, nint read, nint write);

    [LibraryImport(Library, EntryPoint = "SSL_set_connect_state")]
    internal static partial void SetConnectState(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_set_accept_state")]
    internal static partial void SetAcceptState(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_do_handshake")]
    internal static partial int DoHandshake(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_read")]
    internal static partial int Read(nint ssl, byte* buffer, int count);

    [LibraryImport(Library, EntryPoint = "SSL_peek")]
    internal static partial int Peek(nint ssl, byte* buffer, int count);

    [LibraryImport(Library, EntryPoint = "SSL_write")]
    internal static partial int Write(nint ssl, byte* buffer, int count);

    [LibraryImport(Library, EntryPoint = "SSL_shutdown")]
    internal static partial int Shutdown(nint ssl);

    // These look at fields only: they neither block nor call back.
    [LibraryImport(Library, EntryPoint = "SSL_pending")]
    [SuppressGCTransition]
    internal static partial int Pending(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_has_pending")]
    [SuppressGCTransition]
    internal static partial int HasPending(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_get0_alpn_selected")]
    [SuppressGCTransition]
    internal static partial void GetAlpn(nint ssl, byte** protocol, uint* length);

    [LibraryImport(Library, EntryPoint = "SSL_get_error")]
    internal static partial int GetError(nint ssl, int result);
}
