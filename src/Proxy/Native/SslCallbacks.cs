using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>What a session of libssl sends and receives through, and who judges its peer. Called within the session's calls only.</summary>
internal interface ISslCarrier
{
    /// <summary>Bytes received, 0 at the end, <see cref="SslSession.Broken"/>, or <see cref="SslSession.WantRead"/> when none are there.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>Bytes sent, <see cref="SslSession.Broken"/>, or <see cref="SslSession.WantWrite"/> when the kernel takes none.</summary>
    int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Null when the peer that presented these certificates (DER, leaf first) is who it should be, otherwise the alert.</summary>
    CertificateAlert? Judge(IReadOnlyList<byte[]> presented);
}

/// <summary>What a refused peer is told: the X509_V_ERR_ that libssl turns into the alert (openssl/x509_vfy.h).</summary>
internal enum CertificateAlert
{
    BadCertificate = 28,
    UnknownAuthority = 20,
    Expired = 10,
}

/// <summary>
/// What libssl calls: a BIO whose bytes are the carrier's, and the judgement of the peer. Called on the thread that
/// called libssl, for the session that it called it for; no exception leaves it.
/// </summary>
internal static unsafe class SslCallbacks
{
    private static readonly nint Method = CreateMethod();

    /// <summary>The session that this thread calls libssl for.</summary>
    [ThreadStatic]
    internal static SslSession? Current;

    internal static nint CreateBio()
    {
        var bio = LibCrypto.BioNew(Method);
        if (bio == 0)
            throw new IOException("libssl has no memory for a session.");
        LibCrypto.BioSetInit(bio, 1);
        return bio;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int OnVerify(nint storeContext, nint argument)
    {
        if (Current is not { } session)
            return 0;
        try
        {
            if (session.Carrier.Judge(ReadPresented(storeContext)) is not { } alert)
                return 1;
            LibCrypto.SetVerifyError(storeContext, (int)alert);
        }
#pragma warning disable CA1031 // it goes on where libssl has returned
        catch (Exception e)
#pragma warning restore CA1031
        {
            session.Bug = e;
            LibCrypto.SetVerifyError(storeContext, (int)CertificateAlert.BadCertificate);
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRead(nint bio, byte* buffer, int count)
    {
        if (Current is not { } session)
            return Tell(bio, SslSession.Broken);
        try
        {
            // libssl gives a buffer of so many bytes.
            return Tell(bio, session.Carrier.Receive(new Span<byte>(buffer, count)));
        }
#pragma warning disable CA1031 // it goes on where libssl has returned
        catch (Exception e)
#pragma warning restore CA1031
        {
            session.Bug = e;
            return Tell(bio, SslSession.Broken);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnWrite(nint bio, byte* bytes, int count)
    {
        if (Current is not { } session)
            return Tell(bio, SslSession.Broken);
        try
        {
            return Tell(bio, session.Carrier.Send(new ReadOnlySpan<byte>(bytes, count)));
        }
#pragma warning disable CA1031 // it goes on where libssl has returned
        catch (Exception e)
#pragma warning restore CA1031
        {
            session.Bug = e;
            return Tell(bio, SslSession.Broken);
        }
    }

    // Nothing is held back, so a flush is done; the end of the file is what read said, and no error to forgive.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnControl(nint bio, int command, nint number, void* pointer) => command == LibCrypto.BioFlush ? 1 : 0;

    private static int Tell(nint bio, int result)
    {
        LibCrypto.BioClearFlags(bio, LibCrypto.BioRetryMask);
        if (result == SslSession.WantRead)
            LibCrypto.BioSetFlags(bio, LibCrypto.BioRead | LibCrypto.BioRetry);
        else if (result == SslSession.WantWrite)
            LibCrypto.BioSetFlags(bio, LibCrypto.BioWrite | LibCrypto.BioRetry);
        return Math.Max(result, -1);
    }

    private static List<byte[]> ReadPresented(nint storeContext)
    {
        var presented = new List<byte[]>(2);
        var stack = LibCrypto.PresentedChain(storeContext);
        var count = LibCrypto.StackCount(stack);
        for (var i = 0; i < count; i++)
            presented.Add(ReadDer(LibCrypto.StackItem(stack, i)));
        return presented;
    }

    private static byte[] ReadDer(nint certificate)
    {
        // Without a place to write to, i2d tells the length; with one it writes exactly as much.
        var der = new byte[Math.Max(0, LibCrypto.WriteCertificate(certificate, null))];
        fixed (byte* start = der)
        {
            var next = start;
            if (der.Length > 0)
                _ = LibCrypto.WriteCertificate(certificate, &next);
        }

        return der;
    }

    private static nint CreateMethod()
    {
        fixed (byte* name = "leg\0"u8)
        {
            var method = LibCrypto.BioMethodNew(LibCrypto.BioNewIndex() | LibCrypto.BioSourceSink, name);
            _ = LibCrypto.BioMethodSetRead(method, &OnRead);
            _ = LibCrypto.BioMethodSetWrite(method, &OnWrite);
            _ = LibCrypto.BioMethodSetControl(method, &OnControl);
            return method;
        }
    }
}
