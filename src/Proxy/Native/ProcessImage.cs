using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>The program that this process runs, and the environment that it was started with.</summary>
internal static partial class ProcessImage
{
    private const string Arguments = "/proc/self/cmdline";

    /// <summary>
    /// Starts the program over, in the same process and with the same arguments, with a variable that the runtime reads
    /// only at its start; does nothing when the variable is set already.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    internal static void RequireVariable(string name, string value)
    {
        if (Environment.GetEnvironmentVariable(name) is not null)
            return;
        var arguments = File.ReadAllText(Arguments).TrimEnd('\0').Split('\0');
        if (SetVariable(name, value, overwrite: 1) == 0)
            _ = Execute(Environment.ProcessPath!, [.. arguments, null]);
        throw new IOException($"cannot start the program over with {name}: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}
