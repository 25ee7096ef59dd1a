using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>Whether this machine's libssl can be used, and which one it is.</summary>
internal static unsafe class SslLibrary
{
    private const uint Oldest = 0x30000000;

    private static readonly Lazy<(string Version, string? Fault)> Found = new(Find);

    /// <summary>As the library says it, such as <c>OpenSSL 3.0.19 27 Jan 2026</c>; empty when there is none.</summary>
    internal static string Version => Found.Value.Version;

    /// <summary>Why it cannot be used, and what to do; null when it can.</summary>
    internal static string? Fault => Found.Value.Fault;

    internal static bool TryUse() => Fault is null;

    private static (string Version, string? Fault) Find()
    {
        if (!NativeLibrary.TryLoad(LibCrypto.Library, out _) || !NativeLibrary.TryLoad(LibSsl.Library, out _))
            return ("", $"{LibSsl.Library} cannot be loaded; install OpenSSL 3 (Debian: the package libssl3)");
        var version = Marshal.PtrToStringUTF8((nint)LibCrypto.VersionText(0)) ?? "";
        if (LibCrypto.VersionNumber() < Oldest)
            return (version, $"{LibSsl.Library} is {version}; install OpenSSL 3.0 or newer");
        // Before anything else of ours, so that the exit of the process does not take it away from under the workers.
        return LibSsl.Initialize(LibCrypto.LoadConfiguration | LibCrypto.NoAtExit, 0) == 1
            ? (version, null)
            : (version, $"{LibSsl.Library} does not start: {SslError.Take()}; look at its configuration (OPENSSL_CONF)");
    }
}
