using Proxy.Native;

namespace Proxy;

/// <summary>
/// The threads of the .NET runtime. It makes a pipe to start one, and where there is no descriptor left for that it ends
/// the process: so all of them are started once, and never end (runtimeconfig: ThreadsToKeepAlive).
/// </summary>
internal static class RuntimeThreads
{
    /// <summary>The capture rules of eight pods at once take three threads each; the rest of the control plane never blocks.</summary>
    internal static int PoolSize => Math.Max(32, Environment.ProcessorCount);

    /// <summary>Has the thread that compiles in the background live on; otherwise it ends after four seconds, and another is started.</summary>
    /// <exception cref="IOException">The kernel refuses to start the program over.</exception>
    internal static void KeepCompiler() => ProcessImage.RequireVariable("DOTNET_TC_BackgroundWorkerTimeoutMs", "FFFFFFFF");

    /// <summary>Starts every thread that the pool may come to have.</summary>
    internal static void StartPool()
    {
        ThreadPool.SetMinThreads(PoolSize, PoolSize);
        ThreadPool.SetMaxThreads(PoolSize, PoolSize);
        using var arrived = new CountdownEvent(PoolSize);
        using var left = new CountdownEvent(PoolSize);
        for (var i = 0; i < PoolSize; i++)
            ThreadPool.UnsafeQueueUserWorkItem(_ => Meet(arrived, left), null);
        left.Wait();
    }

    // Who has arrived keeps its thread until all have: then each has one of its own.
    private static void Meet(CountdownEvent arrived, CountdownEvent left)
    {
        arrived.Signal();
        arrived.Wait();
        left.Signal();
    }
}
