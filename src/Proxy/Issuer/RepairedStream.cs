using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Proxy.Issuer;

/// <summary>What a client of a Unix socket sends, with an authority that Kestrel takes.</summary>
internal sealed class RepairedStream(Stream received) : Stream
{
    private readonly RequestAuthority _authority = new();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A step of a listener, the last before HTTP.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate next) => async connection =>
    {
        var transport = connection.Transport;
        var input = PipeReader.Create(new RepairedStream(transport.Input.AsStream(leaveOpen: true)));
        connection.Transport = new Repaired(input, transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            await input.CompleteAsync();
        }
    };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await received.ReadAsync(buffer, cancellationToken);
        _authority.Repair(buffer.Span[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            received.Dispose();
        base.Dispose(disposing);
    }

    private sealed record Repaired(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
