using System.Runtime.CompilerServices;
using Proxy.Engine;

namespace Proxy.Tls;

/// <summary>The bytes of a leg as the stream that <see cref="System.Net.Security.SslStream"/> reads and writes.</summary>
internal sealed class LegStream(PlainLeg leg) : Stream
{
    private RecordBounds _records;

    /// <summary>While the handshake lasts: whoever's turn it is may go on with the bytes that came.</summary>
    internal HandshakeTurn? Turn { get; set; }

    /// <summary>True once the peer ended the TCP connection. Before its close_notify that is a truncation (RFC 8446 §6.1).</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>How often bytes were read.</summary>
    internal uint Reads => _records.Count;

    /// <summary>
    /// What the reader of SslStream has been given when SslStream holds nothing more; <see cref="RecordBounds.Unknown"/>
    /// when it may. SslStream reads only when it holds no whole record.
    /// </summary>
    internal int Plaintext => _records.Plaintext;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return AwaitBytesAsync(leg.WaitAsync());
        var read = leg.ReadAsync(buffer);
        if (Turn is { } turn)
            return ReadInTurnAsync(turn, read, buffer);
        return read.IsCompletedSuccessfully ? new ValueTask<int>(Take(read.Result, buffer)) : AwaitReadAsync(read, buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var write = leg.WriteAsync(buffer);
        if (!write.IsCompletedSuccessfully)
            return AwaitWriteAsync(write);
        Require(write.Result);
        return default;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A worker never blocks.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A worker never blocks.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static ValueTask<int> AwaitBytesAsync(ValueTask ready) =>
        ready.IsCompletedSuccessfully ? new ValueTask<int>(0) : AwaitReadyAsync(ready);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<int> AwaitReadyAsync(ValueTask ready)
    {
        await ready;
        return 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitReadAsync(ValueTask<int> read, Memory<byte> buffer) => Take(await read, buffer);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask AwaitWriteAsync(ValueTask<bool> write) => Require(await write);

    private async ValueTask<int> ReadInTurnAsync(HandshakeTurn turn, ValueTask<int> read, Memory<byte> buffer)
    {
        var count = Take(await read, buffer);
        Require(await turn.NextAsync() && !leg.IsClosed);
        return count;
    }

    private int Take(int count, Memory<byte> buffer)
    {
        Require(count != Leg.Broken);
        _records.Take(buffer.Span[..count]);
        HasEnded |= count == 0;
        return count;
    }

    private static void Require(bool alive)
    {
        if (!alive)
            throw new IOException("The connection is broken.");
    }
}
