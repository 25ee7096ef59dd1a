using Proxy.Engine;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;
using Proxy.Tls;

namespace Proxy.Tests.Tunnels;

/// <summary>Another node-proxy, or somebody who has an SVID and says so: frames written and read by hand over real TLS.</summary>
internal sealed class FramePeer(Peer peer)
{
    public static async Task<FramePeer> ServeAsync(Peer peer, TestPki pki)
    {
        var options = TestPki.ServerOptions(pki.Server.Certificate);
        options.ApplicationProtocols = [TlsContexts.TunnelProtocol];
        await Patience.OnThread(() => peer.StartServerTls(options));
        return new FramePeer(peer);
    }

    public static async Task<FramePeer> DialAsync(Peer peer, TestPki pki)
    {
        var options = TestPki.ClientOptions(pki.Client.Certificate);
        options.ApplicationProtocols = [TlsContexts.TunnelProtocol];
        await Patience.OnThread(() => peer.StartClientTls(options));
        return new FramePeer(peer);
    }

    public static byte[] Frame(FrameType type, uint stream, ReadOnlySpan<byte> payload = default)
    {
        var frame = new byte[TunnelFrame.HeaderSize + payload.Length];
        new TunnelFrame(type, payload.Length, stream).Write(frame);
        payload.CopyTo(frame.AsSpan(TunnelFrame.HeaderSize));
        return frame;
    }

    public static byte[] Open(uint stream, ushort port = 40000) => Frame(FrameType.Open, stream, [(byte)(port >> 8), (byte)port, 0]);

    public void Send(params byte[][] frames) => peer.Send(frames.SelectMany(bytes => bytes).ToArray());

    public void SendRaw(ReadOnlySpan<byte> bytes) => peer.Send(bytes);

    public void End() => peer.End();

    public byte[] Expect(FrameType type, uint stream)
    {
        var header = new byte[TunnelFrame.HeaderSize];
        peer.ReceiveExactly(header);
        var frame = TunnelFrame.Read(header);
        Assert.Equal((type, stream), (frame.Type, frame.Stream));
        var payload = new byte[frame.Length];
        peer.ReceiveExactly(payload);
        return payload;
    }

    /// <summary>The tunnel ends without another frame.</summary>
    public void ExpectOver()
    {
        try
        {
            peer.ExpectEnd();
        }
        catch (IOException)
        {
            // By a reset, or by the end of TCP without one of TLS.
        }
    }

    /// <summary>The tunnel ends without another frame, and without a reset.</summary>
    public void ExpectEnd()
    {
        peer.ExpectEnd();
        peer.ExpectSocketEnd();
    }

    public void EndSocket() => peer.EndSocket();

    /// <summary>The tunnel ends after RESET, or without it.</summary>
    public void ExpectBroken()
    {
        try
        {
            Assert.InRange(peer.ReceiveToEnd().Length, 0, TunnelFrame.HeaderSize);
        }
        catch (IOException)
        {
            // As above.
        }
    }
}
