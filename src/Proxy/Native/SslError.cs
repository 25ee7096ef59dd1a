using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>libssl's error queue, which belongs to the thread: it is empty before and after each call of ours.</summary>
internal static unsafe class SslError
{
    private const uint ReasonMask = 0x7FFFFF; // ERR_REASON_MASK, openssl/err.h

    /// <summary>The reason code of the first error in the queue; 0 for none.</summary>
    internal static uint Reason => (uint)LibCrypto.PeekError() & ReasonMask;

    /// <summary>The first error in the queue as text, empty for none, and empties the queue.</summary>
    internal static string Take()
    {
        var text = Marshal.PtrToStringUTF8((nint)LibCrypto.ReasonText(LibCrypto.PeekError()));
        LibCrypto.ClearErrors();
        return text ?? "";
    }
}
