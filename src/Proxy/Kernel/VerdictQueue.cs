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
/// The kernel's questions about the first packets of one pod's connections, or about the packets of its other flows.
/// Used by one worker thread; nothing blocks and nothing is allocated per question. Nobody listening, or a full queue,
/// means drop.
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
    private readonly CaptureOptions? flows;
    private readonly ushort queueNumber;

    private VerdictQueue(NetlinkSocket socket, NetworkNamespace pod, ushort queueNumber, CaptureOptions? flows)
    {
        this.socket = socket;
        this.pod = pod;
        this.queueNumber = queueNumber;
        this.flows = flows;
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
    public static VerdictQueue Open(NetworkNamespace ns, ushort queueNumber, int maxLength) => Open(ns, [queueNumber], maxLength, null);

    /// <summary>Opens the two queues for what is not TCP: of first packets, and of packets that go back in a flow.</summary>
    /// <exception cref="IOException">The kernel refuses, or another process owns a queue.</exception>
    public static VerdictQueue OpenFlows(NetworkNamespace ns, CaptureOptions options, int maxLength) =>
        Open(ns, [options.FlowQueue, options.ReplyQueue], maxLength, options);

    private static VerdictQueue Open(NetworkNamespace ns, IReadOnlyList<ushort> numbers, int maxLength, CaptureOptions? flows)
    {
        var socket = NetlinkSocket.Open(ns, numbers.Count * maxLength * ReceiveBytesPerPacket);
        var queue = new VerdictQueue(socket, ns, numbers[0], flows);
        try
        {
            foreach (var number in numbers)
                queue.Configure(number, maxLength);
            foreach (var number in numbers)
                queue.Start(number);
            return queue;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes one message of the kernel. What is no question counts as a turn as well: a flood of it must not hold the caller.</summary>
    public QueueMessage Receive(out PacketQuestion question)
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
    public void Accept(in PacketQuestion question) =>
        Answer(question.Queue, question.PacketId, isAccepted: true, flows is null ? null : (question.Mark & ~flows.Mask) | flows.JudgedMark);

    /// <summary>Drops the packet: the client tries again, and times out in the end.</summary>
    public void Drop(in PacketQuestion question) => Answer(question.Queue, question.PacketId, isAccepted: false, null);

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
    private bool TryParse(ReadOnlySpan<byte> datagram, out PacketQuestion question)
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

        if (flows is null ? PacketQuestions.TryReadSyn(packet, out question) : PacketQuestions.TryReadFlow(packet, packet.Queue == flows.ReplyQueue, out question))
            return true;

        Unparsable++;
        Answer(packet.Queue, packet.Id, isAccepted: false, null);
        return false;
    }

    private void Answer(ushort queue, uint id, bool isAccepted, uint? mark)
    {
        if (!socket.TrySend(NetlinkQueue.Verdict(answer, queue, id, isAccepted, mark)))
            FailedAnswers++;
    }

    private void Configure(ushort number, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        Confirm(NetlinkQueue.Bind(answer, number), number);
        Confirm(NetlinkQueue.Limit(answer, number, maxLength), number);
    }

    // Packets are queued only once the copy mode is set: until then nothing but answers arrives. Of a second queue that
    // answer may come behind the first one's packets.
    private void Start(ushort number)
    {
        if (number == queueNumber)
            Confirm(NetlinkQueue.CopyHead(answer, number, HeadLength), number);
        else if (!socket.TrySend(NetlinkQueue.CopyHead(answer, number, HeadLength)))
            throw new IOException($"the kernel does not answer for queue {number} (is nfnetlink_queue there?)");
    }

    private void Confirm(ReadOnlySpan<byte> message, ushort number)
    {
        if (!socket.TrySend(message) || !socket.Wait(SetupPatience) || socket.Receive(received, out var length) != NetlinkReceive.Message)
            throw new IOException($"the kernel does not answer for queue {number} (is nfnetlink_queue there?)");

        var reader = new NetlinkReader(received.AsSpan(0, length));
        if (!reader.Next() || !reader.IsAnswer(out var error))
            throw new IOException($"the kernel's answer for queue {number} is not understood");
        if (error is NetlinkQueue.ErrorBusy or NetlinkQueue.ErrorNoPermission)
            throw new IOException($"queue {number} in network namespace {pod.Name} belongs to another process (is a node-proxy running?)");
        if (error != 0)
            throw new IOException($"the kernel refuses queue {number} in network namespace {pod.Name}: error {error}");
    }
}
