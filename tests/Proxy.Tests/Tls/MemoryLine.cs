using Proxy.Native;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

/// <summary>One end of a line in memory, under a session of libssl; the other end is another one of these.</summary>
internal sealed class MemoryLine(PeerVerifier verifier, bool isServer) : ISslCarrier
{
    private readonly Queue<byte> _incoming = new();

    public MemoryLine? Other { get; set; }

    /// <summary>The call that fails by a bug.</summary>
    public string Bug { get; set; } = "";

    /// <summary>Bytes that a send takes; the rest has to be sent again.</summary>
    public int Room { get; set; } = int.MaxValue;

    public int Receive(Span<byte> buffer)
    {
        ThrowIf(nameof(Receive));
        var count = Math.Min(buffer.Length, _incoming.Count);
        for (var i = 0; i < count; i++)
            buffer[i] = _incoming.Dequeue();
        return count > 0 ? count : SslSession.WantRead;
    }

    public int Send(ReadOnlySpan<byte> bytes)
    {
        ThrowIf(nameof(Send));
        var count = Math.Min(bytes.Length, Room);
        foreach (var one in bytes[..count])
            Other!._incoming.Enqueue(one);
        Room -= Room == int.MaxValue ? 0 : count;
        return count > 0 ? count : SslSession.WantWrite;
    }

    public CertificateAlert? Judge(IReadOnlyList<byte[]> presented)
    {
        ThrowIf(nameof(Judge));
        return verifier.Judge(presented, isServer) ? null : verifier.Alert;
    }

    private void ThrowIf(string call)
    {
        if (Bug == call)
            throw new InvalidOperationException(call);
    }
}
