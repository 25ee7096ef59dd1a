namespace Lab.Traffic;

/// <summary>The lines of one conversation in order: to be sent, or to compare with what came.</summary>
internal sealed class MarkedStream
{
    private const int LinesPerBlock = 512;

    private readonly byte[] block = new byte[LinesPerBlock * MarkedLines.Length];
    private readonly ulong id;
    private long blockNumber = -1;

    public MarkedStream(ulong id) => this.id = id;

    /// <summary>Bytes sent or compared so far.</summary>
    public long Position { get; private set; }

    /// <summary>The next bytes, at most as many as asked for; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Next(long limit)
    {
        var next = Peek(limit);
        Position += next.Length;
        return next;
    }

    /// <exception cref="TrafficFault">The bytes are not the next of this conversation.</exception>
    public void Compare(ReadOnlySpan<byte> received)
    {
        while (!received.IsEmpty)
        {
            var expected = Peek(received.Length).Span;
            if (!received[..expected.Length].SequenceEqual(expected))
            {
                throw new TrafficFault($"other bytes than those of {id:x16} at {Position}");
            }

            Position += expected.Length;
            received = received[expected.Length..];
        }
    }

    private ReadOnlyMemory<byte> Peek(long limit)
    {
        Fill(Position / block.Length);
        var start = (int)(Position % block.Length);
        return block.AsMemory(start, (int)Math.Min(limit, block.Length - start));
    }

    private void Fill(long number)
    {
        if (number == blockNumber)
        {
            return;
        }

        blockNumber = number;
        for (var line = 0; line < LinesPerBlock; line++)
        {
            MarkedLines.Write(block.AsSpan(line * MarkedLines.Length, MarkedLines.Length), id, (number * LinesPerBlock) + line);
        }
    }
}
