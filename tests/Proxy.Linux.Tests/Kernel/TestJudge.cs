using System.Collections.Concurrent;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Answers every question of a pod's queue in the same way, as the worker does: by epoll.</summary>
internal sealed class TestJudge : IDisposable
{
    private readonly Epoll epoll = new(4);
    private readonly Thread thread;
    private readonly Func<PacketQuestion, bool> judge;
    private volatile bool isOver;

    public TestJudge(NetworkNamespace pod, Func<PacketQuestion, bool> judge)
        : this(VerdictQueue.Open(pod, new CaptureOptions().QueueNumber, 1024), judge)
    {
    }

    private TestJudge(VerdictQueue queue, Func<PacketQuestion, bool> judge)
    {
        this.judge = judge;
        Queue = queue;
        epoll.Watch(Queue.Fd, 1, Readiness.Readable);
        thread = new Thread(Run);
        thread.Start();
    }

    /// <summary>Answers the questions about what is not TCP.</summary>
    public static TestJudge OfFlows(NetworkNamespace pod, Func<PacketQuestion, bool> judge) =>
        new(VerdictQueue.OpenFlows(pod, new CaptureOptions(), 1024), judge);

    public VerdictQueue Queue { get; }

    public ConcurrentQueue<PacketQuestion> Asked { get; } = [];

    public void Dispose()
    {
        isOver = true;
        thread.Join();
        Queue.Dispose();
        epoll.Dispose();
    }

    private void Run()
    {
        var events = new EpollEvent[4];
        while (!isOver)
        {
            _ = epoll.Wait(events, 20);
            while (Queue.TryReceive(out var question))
            {
                Asked.Enqueue(question);
                if (judge(question))
                    Queue.Accept(question);
                else
                    Queue.Drop(question);
            }
        }
    }
}
