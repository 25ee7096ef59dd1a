using System.Collections.Concurrent;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Answers every question of a pod's queue in the same way, as the worker does: by epoll.</summary>
internal sealed class TestJudge : IDisposable
{
    private readonly Epoll epoll = new(4);
    private readonly Thread thread;
    private readonly Func<SynQuestion, bool> judge;
    private volatile bool isOver;

    public TestJudge(NetworkNamespace pod, Func<SynQuestion, bool> judge)
    {
        this.judge = judge;
        Queue = VerdictQueue.Open(pod, new CaptureOptions().QueueNumber, 1024);
        epoll.Watch(Queue.Fd, 1, Readiness.Readable);
        thread = new Thread(Run);
        thread.Start();
    }

    public VerdictQueue Queue { get; }

    public ConcurrentQueue<SynQuestion> Asked { get; } = [];

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
                    Queue.Accept(question.PacketId);
                else
                    Queue.Drop(question.PacketId);
            }
        }
    }
}
