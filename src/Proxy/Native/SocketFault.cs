namespace Proxy.Native;

/// <summary>Why a socket call did not succeed, as far as the engine cares.</summary>
internal enum SocketFault
{
    None,
    WouldBlock,
    InProgress,
    Refused,
    Reset,
    Ended,
    TimedOut,
    Unreachable,
    AddressInUse,
    AddressNotAvailable,
    OutOfDescriptors,
    OutOfMemory,
    NotPermitted,
    Other,
}

internal static class SocketFaults
{
    /// <summary>Numbers of include/uapi/asm-generic/errno.h.</summary>
    internal static SocketFault FromErrno(int errno) => errno switch
    {
        0 => SocketFault.None,
        4 or 11 => SocketFault.WouldBlock, // EINTR on a non-blocking socket: nothing moved, ask again
        115 or 114 => SocketFault.InProgress, // EALREADY: asked once more
        111 => SocketFault.Refused,
        104 or 103 => SocketFault.Reset,
        32 => SocketFault.Ended, // EPIPE: a write behind an end that came, or was told, before
        110 => SocketFault.TimedOut,
        101 or 113 or 112 => SocketFault.Unreachable,
        98 => SocketFault.AddressInUse,
        99 => SocketFault.AddressNotAvailable,
        23 or 24 => SocketFault.OutOfDescriptors,
        12 or 105 => SocketFault.OutOfMemory,
        1 or 13 => SocketFault.NotPermitted,
        _ => SocketFault.Other,
    };
}
