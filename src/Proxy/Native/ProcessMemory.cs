using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>Who may come to see what is in the process' memory, where the private keys are.</summary>
internal static partial class ProcessMemory
{
    private const int CoreSize = 4; // RLIMIT_CORE (getrlimit(2))
    private const int GetDumpable = 3; // PR_GET_DUMPABLE (prctl(2))
    private const int SetDumpable = 4;

    /// <summary>The runtime's own dumps, which it writes past all limits of the kernel; it reads this at its start only.</summary>
    private static readonly string[] DumpSettings = ["DOTNET_DbgEnableMiniDump", "COMPlus_DbgEnableMiniDump"];

    /// <summary>
    /// No core file, be the limit raised for it or a program given it (core(5): the limit does not hold for a pipe, so the process
    /// is made one that is not dumped); no dump by the runtime; and nobody but root may trace it or read its memory. Children that are
    /// started by exec are as others.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    internal static void KeepPrivate()
    {
        foreach (var name in DumpSettings)
            ProcessImage.ForbidVariable(name);
        var none = default(ResourceLimit);
        if (SetLimit(CoreSize, in none) != 0)
            throw new IOException($"cannot turn core files off: setrlimit failed with errno {Marshal.GetLastPInvokeError()}");
        if (Control(SetDumpable, 0, 0, 0, 0) != 0 || Control(GetDumpable, 0, 0, 0, 0) != 0)
            throw new IOException($"cannot turn core files off: prctl failed with errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int operation, nuint second, nuint third, nuint fourth, nuint fifth);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly ulong Soft;
        public readonly ulong Hard;
    }
}
