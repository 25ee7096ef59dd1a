using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>How many descriptors the process may have (getrlimit(2), RLIMIT_NOFILE). The runtime raises the soft limit to the hard one at its start.</summary>
internal static partial class DescriptorLimit
{
    private const int NumberOfFiles = 7;
    private const string Open = "/proc/self/fd";

    internal static long Read()
    {
        if (GetLimit(NumberOfFiles, out var limit) != 0)
            throw new IOException($"getrlimit failed with errno {Libc.LastError}.");
        return (long)Math.Min(limit.Soft, int.MaxValue);
    }

    /// <summary>Descriptors open now.</summary>
    internal static int CountOpen() => Directory.EnumerateFileSystemEntries(Open).Count();

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
