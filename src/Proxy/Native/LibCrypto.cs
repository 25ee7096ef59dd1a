using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>The calls into libcrypto that libssl's users make. Numbers and names are those of OpenSSL 3.0 (openssl/bio.h, openssl/x509_vfy.h).</summary>
internal static unsafe partial class LibCrypto
{
    internal const string Library = "libcrypto.so.3";

    internal const int BioSourceSink = 0x400;
    internal const int BioRead = 1, BioWrite = 2, BioRetry = 8, BioRetryMask = 15;
    internal const int BioEndOfFile = 2, BioFlush = 11;

    /// <summary>OPENSSL_INIT_LOAD_CONFIG, and OPENSSL_INIT_NO_ATEXIT: workers are still running when the process exits.</summary>
    internal const ulong LoadConfiguration = 0x40, NoAtExit = 0x80000;

    [LibraryImport(Library, EntryPoint = "OpenSSL_version_num")]
    internal static partial nuint VersionNumber();

    [LibraryImport(Library, EntryPoint = "OpenSSL_version")]
    internal static partial byte* VersionText(int type);

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    internal static partial void ClearErrors();

    // Looks at the thread's own queue only.
    [LibraryImport(Library, EntryPoint = "ERR_peek_error")]
    [SuppressGCTransition]
    internal static partial nuint PeekError();

    [LibraryImport(Library, EntryPoint = "ERR_reason_error_string")]
    internal static partial byte* ReasonText(nuint error);

    [LibraryImport(Library, EntryPoint = "BIO_get_new_index")]
    internal static partial int BioNewIndex();

    [LibraryImport(Library, EntryPoint = "BIO_meth_new")]
    internal static partial nint BioMethodNew(int type, byte* name);

    [LibraryImport(Library, EntryPoint = "BIO_meth_set_read")]
    internal static partial int BioMethodSetRead(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Library, EntryPoint = "BIO_meth_set_write")]
    internal static partial int BioMethodSetWrite(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Library, EntryPoint = "BIO_meth_set_ctrl")]
    internal static partial int BioMethodSetControl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> control);

    [LibraryImport(Library, EntryPoint = "BIO_new")]
    internal static partial nint BioNew(nint method);

    // These three look at fields only: they neither block nor call back.
    [LibraryImport(Library, EntryPoint = "BIO_set_init")]
    [SuppressGCTransition]
    internal static partial void BioSetInit(nint bio, int isReady);

    [LibraryImport(Library, EntryPoint = "BIO_set_flags")]
    [SuppressGCTransition]
    internal static partial void BioSetFlags(nint bio, int flags);

    [LibraryImport(Library, EntryPoint = "BIO_clear_flags")]
    [SuppressGCTransition]
    internal static partial void BioClearFlags(nint bio, int flags);

    [LibraryImport(Library, EntryPoint = "d2i_X509")]
    internal static partial nint ReadCertificate(nint reuse, byte** der, nint length);

    [LibraryImport(Library, EntryPoint = "i2d_X509")]
    internal static partial int WriteCertificate(nint certificate, byte** der);

    [LibraryImport(Library, EntryPoint = "X509_free")]
    internal static partial void FreeCertificate(nint certificate);

    [LibraryImport(Library, EntryPoint = "d2i_AutoPrivateKey")]
    internal static partial nint ReadPrivateKey(nint reuse, byte** der, nint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    internal static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "X509_STORE_CTX_get0_untrusted")]
    internal static partial nint PresentedChain(nint storeContext);

    [LibraryImport(Library, EntryPoint = "X509_STORE_CTX_set_error")]
    internal static partial void SetVerifyError(nint storeContext, int error);

    [LibraryImport(Library, EntryPoint = "OPENSSL_sk_num")]
    internal static partial int StackCount(nint stack);

    [LibraryImport(Library, EntryPoint = "OPENSSL_sk_value")]
    internal static partial nint StackItem(nint stack, int index);
}
