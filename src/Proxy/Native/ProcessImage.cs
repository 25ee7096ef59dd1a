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
        if (SetVariable(name, value, overwrite: 1) == 0)
            Execute(Environment.ProcessPath!, File.ReadAllBytes(Arguments));
        throw new IOException($"cannot start the program over with {name}: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Starts the program over, likewise, without a variable; does nothing when there is none of that name.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    internal static void ForbidVariable(string name)
    {
        if (Environment.GetEnvironmentVariable(name) is null)
            return;
        if (UnsetVariable(name) == 0)
            Execute(Environment.ProcessPath!, File.ReadAllBytes(Arguments));
        throw new IOException($"cannot start the program over without {name}: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Where each argument begins in what the kernel shows of them: bytes, each argument with a zero behind it (proc_pid_cmdline(5)).</summary>
    internal static IReadOnlyList<int> Starts(ReadOnlySpan<byte> arguments)
    {
        var starts = new List<int>();
        for (var at = 0; at < arguments.Length; at += arguments[at..].IndexOf((byte)0) + 1)
            starts.Add(at);
        return starts;
    }

    // As bytes: an argument need not be text, and an empty one is one.
    private static unsafe void Execute(string path, byte[] arguments)
    {
        if (arguments is not [.., 0])
            throw new IOException($"{Arguments} is not readable: it has no end");
        var starts = Starts(arguments);
        var pointers = new byte*[starts.Count + 1];
        fixed (byte* first = arguments)
        fixed (byte** list = pointers)
        {
            for (var i = 0; i < starts.Count; i++)
                list[i] = first + starts[i];
            _ = Execute(path, list);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetVariable(string name);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execute(string path, byte** arguments);
}
