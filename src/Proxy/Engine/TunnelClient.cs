using System.Text;
using System.Text.Unicode;

namespace Proxy.Engine;

/// <summary>What the server's node answered to OPEN.</summary>
internal enum OpenAnswer
{
    /// <summary>The server has been reached: the stream may be used.</summary>
    Accepted,

    /// <summary>There is no stream, and the peer said why; the tunnel can carry another one.</summary>
    Refused,

    /// <summary>The tunnel delivers no more, this stream included: it may be opened once more on another one.</summary>
    Excluded,

    /// <summary>The tunnel is over. Whether the stream's first bytes were delivered is not known.</summary>
    Broken,
}

/// <summary>The end of a tunnel that opens streams: the node of the client.</summary>
internal sealed class TunnelClient
{
    private readonly PlainLeg _socket;
    private readonly Tunnel _tunnel;

    /// <summary>Takes over a connection that is authenticated, and the plain leg below it.</summary>
    internal TunnelClient(Worker worker, PlainLeg socket, Leg transport)
    {
        _socket = socket;
        _socket.SetKeepAlive(Tunnel.WithStream);
        _tunnel = new Tunnel(worker, transport, new TunnelDialogue(isServer: false));
    }

    /// <summary>When the first of the two SVIDs expires that were proven when the tunnel began.</summary>
    internal required DateTimeOffset UsableUntil { get; init; }

    /// <summary>What both ends proved when the tunnel began; every stream in it rests on that.</summary>
    internal required object Proof { get; init; }

    internal TunnelFault Fault => _tunnel.Fault;

    /// <summary>True when another stream may be opened, as far as this end knows.</summary>
    internal bool IsFree => !_tunnel.IsOver && _tunnel.Dialogue.IsFree;

    /// <summary>True when, besides, the other end has said nothing since the last stream: it lives, and has not retired.</summary>
    internal bool IsFresh => IsFree && _tunnel.IsDrained && !_tunnel.IsWriting && _socket.IsQuiet;

    /// <summary>After <see cref="OpenAnswer.Refused"/>: the reason and what is known about it, as the peer wrote them.</summary>
    internal (string Reason, string Detail) Refusal { get; private set; }

    /// <summary>Begins the next stream: it can be aborted from now on, and used once it is accepted.</summary>
    internal TunnelStream Begin()
    {
        CloseGently();
        _tunnel.Dialogue.Begin();
        _socket.SetKeepAliveProbes(Tunnel.WithStream.Probes);
        return new TunnelStream(_tunnel);
    }

    /// <summary>
    /// Opens the stream that was begun and awaits the answer, however long that takes. The first bytes go in the same
    /// write; they must be kept until the answer is there, because they may be needed again.
    /// </summary>
    internal async ValueTask<OpenAnswer> OpenAsync(TunnelStream stream, StreamOpening opening, FirstBytes first)
    {
        stream.NoteSent(first.Count);
        // Behind bytes of the last stream, which the server does not take, OPEN waits in vain: RETIRE says so meanwhile.
        var sending = first.SendAsync(_tunnel, opening);
        if (sending.IsCompleted)
            first.ReleaseIfEmpty();
        var answer = await ReadAnswerAsync();
        var isSent = await sending;
        first.ReleaseIfEmpty();
        if (answer is OpenAnswer.Accepted or OpenAnswer.Refused && !isSent)
            return OpenAnswer.Broken;
        if (answer is OpenAnswer.Refused or OpenAnswer.Excluded)
            stream.Dismiss();
        return answer;
    }

    /// <summary>Waits without a buffer for whatever the other end has to say before the next stream.</summary>
    internal void Rest(Action onStirred)
    {
        _socket.SetKeepAliveProbes(Tunnel.AtRest.Probes);
        _tunnel.Rest(onStirred);
    }

    /// <summary>Ends the tunnel in order; no stream is on it.</summary>
    internal void Close()
    {
        if (_tunnel.IsOver)
            return;
        CloseGently();
        _tunnel.Close();
    }

    // The server's node may still have to take an earlier stream's bytes, and says RETIRE meanwhile, which unread would make
    // the close a reset.
    private void CloseGently()
    {
        if (_tunnel.Dialogue.Stream == 0)
            return;
        _tunnel.ClosesGently = true;
        _socket.CloseLinger = TunnelServer.Linger;
    }

    private async ValueTask<OpenAnswer> ReadAnswerAsync()
    {
        while (await _tunnel.ReadFrameAsync())
        {
            switch (_tunnel.Frame.Type)
            {
                case FrameType.Accept:
                    return OpenAnswer.Accepted;
                case FrameType.Refuse:
                    return await ReadRefusalAsync() ? OpenAnswer.Refused : OpenAnswer.Broken;
                case FrameType.Retire when _tunnel.Dialogue.IsExcluded:
                    _tunnel.Close();
                    return OpenAnswer.Excluded;
                case FrameType.Retire:
                    break;
                default:
                    _tunnel.Abort(tellsPeer: false);
                    return OpenAnswer.Broken;
            }
        }

        return OpenAnswer.Broken;
    }

    private async ValueTask<bool> ReadRefusalAsync()
    {
        var payload = new byte[TunnelFrame.MaximumRefusal];
        if (!await _tunnel.ReadPayloadAsync(payload))
            return false;
        Refusal = StreamRefusal.Read(payload.AsSpan(0, _tunnel.Frame.Length));
        return true;
    }
}

/// <summary>The payload of REFUSE: a reason of the closed list, a zero byte, and what is known about it; UTF-8.</summary>
internal static class StreamRefusal
{
    internal static int Write(Span<byte> payload, string reason, string detail)
    {
        var length = Encoding.UTF8.GetBytes(reason, payload);
        payload[length++] = 0;
        Utf8.FromUtf16(detail, payload[length..TunnelFrame.MaximumRefusal], out _, out var written);
        return length + written;
    }

    /// <summary>Whatever the bytes are: what is no text becomes a replacement character, what is no letter is left out.</summary>
    internal static (string Reason, string Detail) Read(ReadOnlySpan<byte> payload)
    {
        var end = payload.IndexOf((byte)0);
        var reason = Printable(end < 0 ? payload : payload[..end]);
        return (reason, end < 0 ? "" : Printable(payload[(end + 1)..]));
    }

    private static string Printable(ReadOnlySpan<byte> utf8)
    {
        var text = Encoding.UTF8.GetString(utf8);
        return string.Concat(text.Where(character => !char.IsControl(character) && character is not ('\u2028' or '\u2029')));
    }
}
