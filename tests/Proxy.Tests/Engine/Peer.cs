using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Proxy.Native;

namespace Proxy.Tests.Engine;

/// <summary>The other end of a leg: a blocking socket, as an application has one, perhaps with TLS on it.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Socket _socket;
    private readonly BlockingStream _plain;
    private SslStream? _tls;

    public Peer(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = _socket.SendTimeout = (int)Patience.Limit.TotalMilliseconds;
        _plain = new BlockingStream(socket);
    }

    /// <summary>Given what TLS writes, instead of the socket; it sends that in pieces of its own.</summary>
    public Action<ReadOnlyMemory<byte>>? Cut
    {
        get => _plain.Cut;
        set => _plain.Cut = value;
    }

    public static Peer Dial(Endpoint remote)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(new IPEndPoint(remote.Address.ToIPAddress(), remote.Port));
        return new Peer(socket);
    }

    /// <summary>Whether a receive would not wait: for bytes, an end or a reset.</summary>
    public bool HasNews => _socket.Poll(0, SelectMode.SelectRead);

    public IPEndPoint Remote => (IPEndPoint)_socket.RemoteEndPoint!;

    /// <summary>Null before there is TLS.</summary>
    public SslStream? Tls => _tls;

    private Stream Stream => _tls ?? (Stream)_plain;

    public void StartServerTls(SslServerAuthenticationOptions options)
    {
        _tls = new SslStream(_plain);
        _tls.AuthenticateAsServer(options);
    }

    public void StartClientTls(SslClientAuthenticationOptions options)
    {
        _tls = new SslStream(_plain);
        _tls.AuthenticateAsClient(options);
    }

    public void Send(ReadOnlySpan<byte> bytes) => Stream.Write(bytes);

    public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    /// <summary>Past TLS, onto the wire.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    public int Receive(Span<byte> buffer) => Stream.Read(buffer);

    public void ReceiveExactly(Span<byte> buffer) => Stream.ReadExactly(buffer);

    public string ReceiveText(int count)
    {
        var buffer = new byte[count];
        ReceiveExactly(buffer);
        return Encoding.Latin1.GetString(buffer);
    }

    /// <summary>Receives until the text has come, which must be all that comes.</summary>
    public void Expect(string text) => Assert.Equal(text, ReceiveText(text.Length));

    public string ReceiveToEnd()
    {
        using var all = new MemoryStream();
        Stream.CopyTo(all);
        return Encoding.Latin1.GetString(all.ToArray());
    }

    public void ExpectEnd() => Assert.Equal("", ReceiveToEnd());

    /// <summary>Past TLS: the socket's own orderly end, whatever comes before it.</summary>
    public void ExpectSocketEnd() => _plain.CopyTo(Stream.Null);

    public void ExpectReset()
    {
        var broken = Assert.Throws<IOException>(() => ReceiveToEnd());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(broken.InnerException).SocketErrorCode);
    }

    /// <summary>Bytes that the socket takes until nobody reads for a moment.</summary>
    public long Fill(long limit)
    {
        _socket.Blocking = false;
        var chunk = new byte[64 * 1024];
        long sent = 0;
        while (sent < limit && _socket.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectWrite))
            sent += _socket.Send(chunk, SocketFlags.None, out _);
        _socket.Blocking = true;
        return sent;
    }

    /// <summary>close_notify, or without TLS the socket's end.</summary>
    public void End()
    {
        if (_tls is null)
            EndSocket();
        else
            _tls.ShutdownAsync().GetAwaiter().GetResult();
    }

    public void EndSocket() => _socket.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Blocks where asynchrony is asked for, so that a peer causes no work on the thread pool.</summary>
    private sealed class BlockingStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
    {
        public Action<ReadOnlyMemory<byte>>? Cut { get; set; }

        // Whatever way it is called: NetworkStream sends its heirs here.
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Cut is { } cut)
                cut(buffer.AsMemory(offset, count));
            else
                base.Write(buffer, offset, count);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return default;
        }
    }
}
