using System.Buffers.Binary;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Tunnels;

/// <summary>What happens on one stream.</summary>
internal enum StreamKind : byte
{
    /// <summary>The client asks and ends, the server answers and ends.</summary>
    HalfClose,

    /// <summary>The client asks, the server answers and ends, the client ends.</summary>
    ServerEndsFirst,

    /// <summary>The client resets in the middle of its question.</summary>
    ClientResets,

    /// <summary>The server resets in the middle of the question.</summary>
    ServerResets,

    /// <summary>The server answers before it has read the question, and closes.</summary>
    EarlyClose,

    /// <summary>The server speaks first, the client answers and ends.</summary>
    ServerFirst,

    /// <summary>Nobody listens.</summary>
    Refused,
}

/// <summary>
/// One stream of a random mix. All its bytes follow from its number, which each side sends first, so that a byte of
/// another stream, a lost one or one too many is noticed wherever it comes out.
/// </summary>
internal sealed record MixedStream(uint Number, StreamKind Kind, int Question, int Answer, int Cut)
{
    private const int HeadSize = 20;

    public static MixedStream Draw(uint number, Random random)
    {
        var kind = random.Next(100) switch
        {
            < 40 => StreamKind.HalfClose,
            < 65 => StreamKind.ServerEndsFirst,
            < 80 => StreamKind.ServerFirst,
            < 85 => StreamKind.Refused,
            < 90 => StreamKind.ClientResets,
            < 95 => StreamKind.ServerResets,
            _ => StreamKind.EarlyClose,
        };
        var question = Size(random);
        return new MixedStream(number, kind, question, Size(random), random.Next(question + 1));
    }

    public bool IsOrderly => Kind is StreamKind.HalfClose or StreamKind.ServerEndsFirst or StreamKind.ServerFirst;

    /// <summary>The client's side; throws when what should hold does not.</summary>
    public void RunClient(Peer peer)
    {
        switch (Kind)
        {
            case StreamKind.HalfClose:
                Send(peer, Question);
                peer.End();
                Receive(peer, Answer);
                peer.ExpectEnd();
                break;
            case StreamKind.ServerEndsFirst:
                Send(peer, Question);
                Receive(peer, Answer);
                peer.ExpectEnd();
                peer.End();
                break;
            case StreamKind.ClientResets:
                Send(peer, Cut);
                peer.Reset();
                break;
            case StreamKind.ServerFirst:
                var greeting = ReceiveHead(peer);
                greeting.ReceiveRest(peer, greeting.Answer);
                Send(peer, Question);
                peer.End();
                peer.ExpectEnd();
                break;
            default:
                Broken(() =>
                {
                    Send(peer, Question);
                    ReceiveUntilBroken(peer);
                });
                break;
        }
    }

    /// <summary>The server's side of a stream whose client speaks first.</summary>
    public static MixedStream ServeNext(Peer peer)
    {
        var stream = ReceiveHead(peer);
        switch (stream.Kind)
        {
            case StreamKind.HalfClose:
                stream.ReceiveRest(peer, stream.Question);
                peer.ExpectEnd();
                stream.Send(peer, stream.Answer);
                peer.End();
                break;
            case StreamKind.ServerEndsFirst:
                stream.ReceiveRest(peer, stream.Question);
                stream.Send(peer, stream.Answer);
                peer.End();
                peer.ExpectEnd();
                break;
            case StreamKind.ClientResets:
                Broken(() => stream.ReceiveUntilBroken(peer, headIsRead: true));
                break;
            case StreamKind.ServerResets:
                stream.ReceiveRest(peer, stream.Cut);
                peer.Reset();
                break;
            default:
                Broken(() => stream.Send(peer, stream.Answer));
                peer.Dispose();
                break;
        }

        return stream;
    }

    /// <summary>The server's side of a stream on which it speaks first; returns the client's number.</summary>
    public MixedStream Greet(Peer peer)
    {
        Send(peer, Answer);
        var stream = ReceiveHead(peer);
        stream.ReceiveRest(peer, stream.Question);
        peer.ExpectEnd();
        peer.End();
        return stream;
    }

    private static int Size(Random random) => random.Next(20) switch
    {
        0 => random.Next(300_000),
        < 5 => random.Next(40_000),
        _ => random.Next(1_000),
    };

    private void Send(Peer peer, int count)
    {
        var bytes = new byte[HeadSize + count];
        WriteHead(bytes);
        Fill(bytes.AsSpan(HeadSize), 0);
        peer.Send(bytes);
    }

    private void Receive(Peer peer, int count)
    {
        Assert.Equal(Number, ReceiveHead(peer).Number);
        ReceiveRest(peer, count);
    }

    private void ReceiveRest(Peer peer, int count)
    {
        var bytes = new byte[count];
        peer.ReceiveExactly(bytes);
        Check(bytes, 0);
    }

    /// <summary>Whatever comes is a beginning of what was sent.</summary>
    private void ReceiveUntilBroken(Peer peer, bool headIsRead = false)
    {
        if (!headIsRead)
            Assert.Equal(Number, ReceiveHead(peer).Number);
        var buffer = new byte[16 * 1024];
        var position = 0;
        for (int count; (count = peer.Receive(buffer)) > 0; position += count)
            Check(buffer.AsSpan(0, count), position);
    }

    private static void Broken(Action action)
    {
        try
        {
            action();
        }
        catch (IOException)
        {
            // A reset, or an end where more was expected: both are what such a stream may come to.
        }
    }

    private void WriteHead(Span<byte> head)
    {
        BinaryPrimitives.WriteUInt32BigEndian(head, Number);
        BinaryPrimitives.WriteInt32BigEndian(head[4..], (int)Kind);
        BinaryPrimitives.WriteInt32BigEndian(head[8..], Question);
        BinaryPrimitives.WriteInt32BigEndian(head[12..], Answer);
        BinaryPrimitives.WriteInt32BigEndian(head[16..], Cut);
    }

    private static MixedStream ReceiveHead(Peer peer)
    {
        var head = new byte[HeadSize];
        peer.ReceiveExactly(head);
        int Read(int at) => BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(at));
        return new MixedStream((uint)Read(0), (StreamKind)Read(4), Read(8), Read(12), Read(16));
    }

    private void Fill(Span<byte> bytes, int position)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((Number * 2654435761u) + ((uint)(position + i) * 40503u) >> 11);
    }

    private void Check(ReadOnlySpan<byte> bytes, int position)
    {
        var expected = new byte[bytes.Length];
        Fill(expected, position);
        Assert.True(bytes.SequenceEqual(expected), $"Stream {Number} has other bytes than its own at {position}.");
    }
}
