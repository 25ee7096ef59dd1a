using System.Net;
using System.Net.Sockets;

namespace Lab.Traffic;

/// <summary>One end of a conversation. It ends with a reset unless both ends said that all was said, so that a killed peer never looks orderly.</summary>
internal sealed class TrafficConnection : IDisposable
{
    private readonly Socket socket;
    private readonly byte[] buffer = new byte[64 * 1024];
    private readonly byte[] line = new byte[MarkedLines.Length];

    public TrafficConnection(Socket socket)
    {
        this.socket = socket;
        socket.NoDelay = true;
        socket.LingerState = new(true, 0);
    }

    /// <summary>Something of the other end was heard.</summary>
    public bool HasHeard { get; private set; }

    public static async Task<TrafficConnection> ConnectAsync(IPEndPoint server, CancellationToken stop)
    {
        var connection = new TrafficConnection(new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await connection.socket.ConnectAsync(server, stop);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, stop)..];
        }
    }

    public Task SendLineAsync(ulong id, long number, CancellationToken stop) => SendAsync(MarkedLines.Line(id, number), stop);

    public async Task SendAsync(MarkedStream data, long length, CancellationToken stop)
    {
        while (data.Position < length)
        {
            await SendAsync(data.Next(length - data.Position), stop);
        }
    }

    /// <summary>What came next; empty at the end of the stream.</summary>
    public async Task<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken stop)
    {
        var length = await socket.ReceiveAsync(buffer, stop);
        HasHeard |= length > 0;
        return buffer.AsMemory(0, length);
    }

    /// <summary>The numbers of the next line; null at the end of the stream.</summary>
    public async Task<(ulong Id, long Number)?> ReceiveLineAsync(CancellationToken stop)
    {
        for (var filled = 0; filled < line.Length;)
        {
            var length = await socket.ReceiveAsync(line.AsMemory(filled), stop);
            HasHeard |= length > 0;
            filled += length;
            if (length == 0)
            {
                return filled == 0 ? null : throw new TrafficFault("an orderly end within a line");
            }
        }

        return MarkedLines.TryRead(line, out var id, out var number) ? (id, number) : throw new TrafficFault($"a line of nobody: {Convert.ToHexString(line)}");
    }

    public async Task RequireLineAsync(ulong id, long number, CancellationToken stop)
    {
        var came = await ReceiveLineAsync(stop) ?? throw new TrafficFault($"an orderly end in place of line {number}");
        if (came != (id, number))
        {
            throw new TrafficFault($"line {came.Number} of {came.Id:x16} in place of {number} of {id:x16}");
        }
    }

    /// <summary>Compares all that comes up to the end of the stream.</summary>
    public async Task RequireAsync(MarkedStream data, long length, CancellationToken stop)
    {
        while (await ReceiveAsync(stop) is { IsEmpty: false } part)
        {
            data.Compare(part.Span);
        }

        if (data.Position != length)
        {
            throw new TrafficFault($"an orderly end after {data.Position} of {length} bytes");
        }
    }

    public async Task RequireEndAsync(CancellationToken stop)
    {
        if (!(await ReceiveAsync(stop)).IsEmpty)
        {
            throw new TrafficFault("more than all");
        }
    }

    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Both ends have said all: what is still in flight is delivered.</summary>
    public void Complete() => socket.LingerState = new(false, 0);

    public void Dispose() => socket.Dispose();
}
