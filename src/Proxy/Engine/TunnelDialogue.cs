namespace Proxy.Engine;

/// <summary>What the other end of a tunnel did that docs/TUNNEL.md forbids.</summary>
internal enum TunnelFault : byte
{
    None,

    /// <summary>A type of frame that nobody knows.</summary>
    UnknownType,

    /// <summary>A length that the type does not allow, or a payload that means nothing.</summary>
    Malformed,

    /// <summary>A stream number other than the one whose turn it is.</summary>
    WrongStream,

    /// <summary>A frame at a time, or from a side, at which it means nothing.</summary>
    Unexpected,

    /// <summary>More bytes for a refused stream than can have been under way when it was refused.</summary>
    Unheeding,
}

/// <summary>
/// Which frame may come next at one end of a tunnel: one stream at a time, numbered from 1 without a gap. Pure and
/// synchronous; knows no bytes but the headers.
/// </summary>
internal sealed class TunnelDialogue(bool isServer, uint lastStream = 0)
{
    /// <summary>Payload that a refused stream may still send, because its end had not heard of the refusal.</summary>
    internal const int MaximumUnheeded = 1024 * 1024;

    private Phase _phase;
    private bool _peerEnded;
    private bool _wasRefused;
    private bool _isExcluding;
    private int _unheeded;

    private enum Phase : byte
    {
        Idle,
        Opening,
        Open,
    }

    internal bool IsServer => isServer;

    /// <summary>The number of the stream that is under way, or was last.</summary>
    internal uint Stream { get; private set; } = lastStream;

    /// <summary>Set once no further stream may begin.</summary>
    internal bool IsRetired { get; private set; }

    /// <summary>True while a next stream may begin.</summary>
    internal bool IsFree => IsIdle && !IsRetired && Stream < uint.MaxValue;

    /// <summary>True while no stream is under way.</summary>
    internal bool IsIdle => _phase == Phase.Idle;

    /// <summary>On the client's side: the stream that was being opened is above the last that the peer delivers.</summary>
    internal bool IsExcluded { get; private set; }

    /// <summary>The client's side begins the next stream.</summary>
    internal uint Begin()
    {
        (_phase, _peerEnded, IsExcluded) = (Phase.Opening, false, false);
        return ++Stream;
    }

    /// <summary>The server's side has said ACCEPT.</summary>
    internal void Accept() => _phase = Phase.Open;

    /// <summary>The server's side has said REFUSE: what is still under way is discarded.</summary>
    internal void Refuse() => (_phase, _wasRefused, _unheeded) = (Phase.Idle, true, 0);

    /// <summary>Both directions of the stream have ended.</summary>
    internal void Finish() => (_phase, _wasRefused) = (Phase.Idle, false);

    /// <summary>The server's side says RETIRE: no stream after the last one.</summary>
    internal void Retire() => IsRetired = true;

    /// <summary>The server's side takes back that it has taken the stream being opened; RETIRE follows.</summary>
    internal void ExcludeCurrent()
    {
        Stream--;
        (_phase, _isExcluding, _unheeded) = (Phase.Idle, true, 0);
    }

    /// <summary>Takes the header of a frame that came; anything but <see cref="TunnelFault.None"/> ends the tunnel.</summary>
    internal TunnelFault Receive(in TunnelFrame frame)
    {
        if (frame.Type is < FrameType.Open or > FrameType.Retire)
            return TunnelFault.UnknownType;
        if (!frame.HasValidLength)
            return TunnelFault.Malformed;
        return isServer ? ReceiveFromClient(frame) : ReceiveFromServer(frame);
    }

    private TunnelFault ReceiveFromClient(in TunnelFrame frame)
    {
        if (frame.Type == FrameType.Open)
            return ReceiveOpen(frame);
        if (frame.Type is not (FrameType.Data or FrameType.End or FrameType.Reset))
            return TunnelFault.Unexpected;
        if (_isExcluding && frame.Stream == Stream + 1)
            return ReceiveUnheeded(frame);
        if (frame.Stream != Stream)
            return TunnelFault.WrongStream;
        if (_phase == Phase.Idle)
            return _wasRefused ? ReceiveUnheeded(frame) : ReceiveBehindEnds(frame);
        return ReceiveOfStream(frame);
    }

    // The client may have gone before our END reached its node.
    private TunnelFault ReceiveBehindEnds(in TunnelFrame frame) =>
        frame.Type == FrameType.Reset && Stream > 0 ? TunnelFault.None : TunnelFault.Unexpected;

    private TunnelFault ReceiveOpen(in TunnelFrame frame)
    {
        if (_phase != Phase.Idle)
            return TunnelFault.Unexpected;
        if (Stream == uint.MaxValue || frame.Stream != Stream + 1)
            return TunnelFault.WrongStream;
        if (IsRetired)
            return Exclude();
        Stream++;
        (_phase, _peerEnded, _wasRefused) = (Phase.Opening, false, false);
        return TunnelFault.None;
    }

    // Sent before RETIRE was read: not delivered, and its sender will know that; its number is not taken.
    private TunnelFault Exclude()
    {
        if (_isExcluding)
            return TunnelFault.Unexpected;
        (_isExcluding, _peerEnded, _unheeded) = (true, false, 0);
        return TunnelFault.None;
    }

    private TunnelFault ReceiveFromServer(in TunnelFrame frame) => frame.Type switch
    {
        FrameType.Retire => ReceiveRetire(frame),
        FrameType.Open => TunnelFault.Unexpected,
        _ when frame.Stream != Stream => TunnelFault.WrongStream,
        FrameType.Accept when _phase == Phase.Opening => Become(Phase.Open),
        FrameType.Refuse when _phase == Phase.Opening => Become(Phase.Idle),
        FrameType.Data or FrameType.End when _phase == Phase.Open => ReceiveOfStream(frame),
        FrameType.Reset when _phase != Phase.Idle => TunnelFault.None,
        _ => TunnelFault.Unexpected,
    };

    private TunnelFault ReceiveRetire(in TunnelFrame frame)
    {
        if (IsRetired)
            return TunnelFault.Unexpected;
        // Streams before the one under way have been delivered already, and those after it do not exist.
        var isPlausible = frame.Stream == Stream || (_phase == Phase.Opening && frame.Stream == Stream - 1);
        if (!isPlausible)
            return TunnelFault.WrongStream;
        IsRetired = true;
        IsExcluded = frame.Stream != Stream;
        return TunnelFault.None;
    }

    private TunnelFault ReceiveOfStream(in TunnelFrame frame)
    {
        if (frame.Type == FrameType.Reset)
            return TunnelFault.None;
        if (_peerEnded)
            return TunnelFault.Unexpected;
        _peerEnded = frame.Type == FrameType.End;
        return TunnelFault.None;
    }

    private TunnelFault ReceiveUnheeded(in TunnelFrame frame)
    {
        _unheeded += frame.Length;
        if (_unheeded > MaximumUnheeded)
            return TunnelFault.Unheeding;
        return ReceiveOfStream(frame);
    }

    private TunnelFault Become(Phase phase)
    {
        _phase = phase;
        return TunnelFault.None;
    }
}
