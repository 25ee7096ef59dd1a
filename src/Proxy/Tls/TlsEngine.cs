using Proxy.Engine;
using Proxy.Native;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>Which library speaks TLS. Both do all of it, and the same tests hold for both.</summary>
internal enum TlsEngine
{
    SslStream,
    LibSsl,
}

/// <summary>The choice of the engine, and what it makes.</summary>
internal static class TlsEngines
{
    /// <summary>What is taken when nothing is asked for (docs/decisions/tls-legs.md).</summary>
    internal const TlsEngine Preferred = TlsEngine.LibSsl;

    /// <summary>The engine to use, and what there is to say about it.</summary>
    /// <param name="asked">Null for the preferred one, or the other where that does not work.</param>
    /// <exception cref="IOException">libssl was asked for and cannot be used.</exception>
    internal static (TlsEngine Engine, string Note) Choose(TlsEngine? asked) => (asked ?? Preferred) == TlsEngine.LibSsl
        ? Choose(asked, SslLibrary.Fault)
        : (TlsEngine.SslStream, "");

    /// <summary>libssl, if there is no fault in it.</summary>
    internal static (TlsEngine Engine, string Note) Choose(TlsEngine? asked, string? fault) => (asked, fault) switch
    {
        (_, null) => (TlsEngine.LibSsl, SslLibrary.Version),
        (null, _) => (TlsEngine.SslStream, $"not by libssl: {fault}"),
        _ => throw new IOException($"--tls libssl: {fault}, or give --tls sslstream"),
    };

    /// <summary>As options and status write it.</summary>
    internal static string Text(this TlsEngine engine) => engine == TlsEngine.LibSsl ? "libssl" : "sslstream";

    internal static TlsLeg Secure(this TlsEngine engine, PlainLeg transport) =>
        engine == TlsEngine.LibSsl ? new LibSslLeg(transport) : new SslStreamLeg(transport);

    /// <summary>
    /// Makes the contexts of SVIDs before any connection needs them, off the workers: making one may read files, which
    /// blocks, and fails without descriptors. What fails here is tried again by the first handshake.
    /// </summary>
    internal static void Prepare(this TlsEngine engine, IEnumerable<X509Svid> svids)
    {
        if (engine == TlsEngine.LibSsl)
            LibSslContexts.Prepare(svids);
        else
            TlsContexts.Prepare(svids);
    }
}
