using System.Globalization;
using Proxy.Native;

namespace Proxy.Kernel;

/// <summary>What one receive from the queue has brought.</summary>
internal enum QueueMessage
{
    /// <summary>Nothing is waiting.</summary>
    None,

    /// <summary>A first packet that waits for its answer.</summary>
    Question,

    /// <summary>An acknowledgement, a loss, or a packet that was dropped because it could not be read.</summary>
    Other,
}

/// <summary>What the kernel counts of a queue.</summary>
internal readonly record struct QueueCounters(uint Waiting, uint DroppedInKernel, uint DroppedOnDelivery);

/// <summary>
/// The kernel's questions about the first packets of one pod's connections. Used by one worker thread; nothing blocks
/// and nothing is allocated per question. Nobody listening, or a full queue, means drop.
/// </summary>
internal sealed class VerdictQueue : IDisposable
{
    private const int HeadLength = 128;
    private const int ReceiveBytesPerPacket = 1280; // what one question takes of the socket's buffer, as the kernel counts
    private static readonly TimeSpan SetupPatience = TimeSpan.FromSeconds(5);

    private readonly byte[] received = GC.AllocateUninitializedArray<byte>(4096, pinned: true);
    private readonly byte[] answer = GC.AllocateUninitializedArray<byte>(NetlinkQueue.MessageLength, pinned: true);
    private readonly NetlinkSocket socket;
    private readonly NetworkNamespace pod;
    private readonly ushort queueNumber;

    private VerdictQueue(NetlinkSocket socket, NetworkNamespace pod, ushort queueNumber)
    {
        this.socket = socket;
        this.pod = pod;
        this.queueNumber = queueNumber;
    }

    /// <summary>For the worker's epoll (level or edge: <see cref="Receive"/> until it says false).</summary>
    public int Fd => socket.Fd;

    /// <summary>Times the kernel said that questions were lost because this side was too slow; their packets are dropped.</summary>
    public long Overruns { get; private set; }

    /// <summary>Packets that could not be understood; they are dropped.</summary>
    public long Unparsable { get; private set; }

    /// <summary>Answers that the kernel did not take, for example because the packet was gone.</summary>
    public long FailedAnswers { get; private set; }

    /// <summary>Opens the queue of a pod's namespace; <paramref name="maxLength"/> packets may wait, the rest is dropped.</summary>
    /// <exception cref="IOException">The kernel refuses, or another process owns the queue.</exception>
    public static VerdictQueue Open(NetworkNamespace ns, ushort queueNumber, int maxLength)
    {
        var socket = NetlinkSocket.Open(ns, maxLength * ReceiveBytesPerPacket);
        var queue = new VerdictQueue(socket, ns, queueNumber);
        try
        {
            queue.Configure(maxLength);
            return queue;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes one message of the kernel. What is no question counts as a turn as well: a flood of it must not hold the caller.</summary>
    public QueueMessage Receive(out SynQuestion question)
    {
        question = default;
        switch (socket.Receive(received, out var length))
        {
            case NetlinkReceive.Empty:
                return QueueMessage.None;
            case NetlinkReceive.Lost:
                Overruns++;
                return QueueMessage.Other;
            case NetlinkReceive.Message when TryParse(received.AsSpan(0, length), out question):
                return QueueMessage.Question;
            default:
                return QueueMessage.Other;
        }
    }

    /// <summary>Lets the packet go on to its capture.</summary>
    public void Accept(uint id) => Answer(id, isAccepted: true);

    /// <summary>Drops the packet: the client tries again, and times out in the end.</summary>
    public void Drop(uint id) => Answer(id, isAccepted: false);

    /// <summary>Reads the kernel's own counters; not for the hot path. Null: the kernel does not show this queue.</summary>
    public QueueCounters? ReadCounters()
    {
        using var inside = pod.Enter();
        // "self" would be the namespace of the process; this thread's is asked for.
        const string path = "/proc/thread-self/net/netfilter/nfnetlink_queue";
        return File.Exists(path) ? ParseCounters(File.ReadLines(path), queueNumber) : null;
    }

    public void Dispose() => socket.Dispose();

    /// <summary>Columns: queue, port, waiting, copy mode, copy range, dropped in the kernel, dropped on delivery, last id, 1.</summary>
    internal static QueueCounters? ParseCounters(IEnumerable<string> lines, ushort queue)
    {
        foreach (var line in lines)
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 7 && Number(parts[0]) == queue)
                return new QueueCounters(Number(parts[2]), Number(parts[5]), Number(parts[6]));
        }
        return null;
    }

    private static uint Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    // The kernel sends one question per datagram.
    private bool TryParse(ReadOnlySpan<byte> datagram, out SynQuestion question)
    {
        question = default;
        var reader = new NetlinkReader(datagram);
        if (!reader.Next())
            return false;

        if (reader.IsAnswer(out var error))
        {
            FailedAnswers += error == 0 ? 0 : 1;
            return false;
        }
        if (!NetlinkQueue.TryRead(reader, out var packet))
            return false;

        if (SynQuestions.TryRead(packet, out question))
            return true;

        Unparsable++;
        Drop(packet.Id);
        return false;
    }

    private void Answer(uint id, bool isAccepted)
    {
        if (!socket.TrySend(NetlinkQueue.Verdict(answer, queueNumber, id, isAccepted)))
            FailedAnswers++;
    }

    private void Configure(int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        Confirm(NetlinkQueue.Bind(answer, queueNumber));
        Confirm(NetlinkQueue.Limit(answer, queueNumber, maxLength));
        Confirm(NetlinkQueue.CopyHead(answer, queueNumber, HeadLength));
    }

    // Packets are queued only once the copy mode is set, last: until then nothing but answers arrives.
    private void Confirm(ReadOnlySpan<byte> message)
    {
        if (!socket.TrySend(message) || !socket.Wait(SetupPatience) || socket.Receive(received, out var length) != NetlinkReceive.Message)
            throw new IOException($"the kernel does not answer for queue {queueNumber} (is nfnetlink_queue there?)");

        var reader = new NetlinkReader(received.AsSpan(0, length));
        if (!reader.Next() || !reader.IsAnswer(out var error))
            throw new IOException($"the kernel's answer for queue {queueNumber} is not understood");
        if (error is NetlinkQueue.ErrorBusy or NetlinkQueue.ErrorNoPermission)
            throw new IOException($"queue {queueNumber} in network namespace {pod.Name} belongs to another process (is a node-proxy running?)");
        if (error != 0)
            throw new IOException($"the kernel refuses queue {queueNumber} in network namespace {pod.Name}: error {error}");
    }
}
