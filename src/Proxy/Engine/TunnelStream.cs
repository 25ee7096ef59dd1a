using System.Runtime.CompilerServices;

namespace Proxy.Engine;

/// <summary>
/// One client connection in a tunnel, as a leg. Only END in both directions leaves a tunnel that can carry another;
/// anything else ends the tunnel with the stream, so that no byte of one can ever reach the other.
/// </summary>
internal sealed class TunnelStream : Leg
{
    // So much always has room in the kernel, with an END behind it: nobody need wait for it.
    private const int Short = 8 * 1024;

    private readonly Tunnel _tunnel;
    private readonly uint _number;
    private bool _hasEnded;
    private bool _peerEnded;
    private bool _isReadingBehindEnd;
    private bool _isOver;
    private long _sent;

    /// <summary>The stream that the tunnel's dialogue has just begun.</summary>
    internal TunnelStream(Tunnel tunnel)
    {
        _tunnel = tunnel;
        _number = tunnel.Dialogue.Stream;
    }

    // The client has the end of the server's answer: to it a reset behind that is no more than the end.
    private bool IsAnswered => _hasEnded && _tunnel.Dialogue.IsServer;

    /// <inheritdoc/>
    internal override Action? OnReset
    {
        get => _isOver ? null : _tunnel.OnReset;
        set
        {
            if (!_isOver)
                _tunnel.OnReset = value;
        }
    }

    /// <inheritdoc/>
    internal override ValueTask WaitAsync()
    {
        if (_isOver || _peerEnded)
            return default;
        return _tunnel.PayloadLeft > 0 ? _tunnel.WaitAsync() : AwaitPayloadAsync();
    }

    /// <inheritdoc/>
    internal override bool HoldsNext => _tunnel.Dialogue.IsServer;

    /// <inheritdoc/>
    internal override bool IsAtEnd =>
        !_isOver && _tunnel.PayloadLeft == 0 && _tunnel.NextFrame is { Type: FrameType.End, Length: 0 } next && next.Stream == _number;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal override async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        if (_tunnel.PayloadLeft == 0 && !_peerEnded && !_isOver)
            await AwaitPayloadAsync();
        if (_isOver)
            return Broken;
        if (_peerEnded)
            return 0;
        var count = await _tunnel.ReadPayloadAsync(buffer);
        _isOver |= count == Broken;
        return count;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal override async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        var buffer = _tunnel.Buffers.Rent();
        try
        {
            while (!bytes.IsEmpty)
            {
                var count = Math.Min(bytes.Length, buffer.Length - Headroom);
                bytes[..count].CopyTo(buffer.AsMemory(Headroom));
                if (!await PassAsync(buffer, Headroom, count))
                    return false;
                bytes = bytes[count..];
            }

            return !_isOver;
        }
        finally
        {
            _tunnel.Buffers.Return(buffer);
        }
    }

    /// <inheritdoc/>
    internal override ValueTask<bool> PassAsync(byte[] buffer, int start, int count, bool isLast = false)
    {
        if (_isOver || _hasEnded)
            return new ValueTask<bool>(false);
        var first = start - TunnelFrame.HeaderSize;
        new TunnelFrame(FrameType.Data, count, _number).Write(buffer.AsSpan(first, TunnelFrame.HeaderSize));
        NoteSent(count);
        var length = TunnelFrame.HeaderSize + count;
        if (isLast && buffer.Length - first - length >= TunnelFrame.HeaderSize)
        {
            _hasEnded = true;
            new TunnelFrame(FrameType.End, 0, _number).Write(buffer.AsSpan(first + length));
            length += TunnelFrame.HeaderSize;
        }

        var sending = _tunnel.SendAsync(buffer, first, length);
        return IsAnswered ? HoldAsync(sending) : sending;
    }

    /// <inheritdoc/>
    internal override ValueTask<bool> EndAsync()
    {
        if (_isOver || _hasEnded)
            return new ValueTask<bool>(!_isOver);
        _hasEnded = true;
        // Behind the server's end nobody but the server's close waits for the client's, and the next OPEN may come soon.
        return _peerEnded && !_tunnel.Dialogue.IsServer && _sent <= Short
            ? new ValueTask<bool>(_tunnel.SendSoon(FrameType.End))
            : EndNowAsync();
    }

    /// <inheritdoc/>
    internal override void Close()
    {
        if (_isOver)
            return;
        _isOver = true;
        _tunnel.OnReset = null;
        if (_hasEnded && _peerEnded && !_isReadingBehindEnd)
            _tunnel.Finish();
        else if (IsAnswered)
            _tunnel.CloseRetired();
        else
            _tunnel.Close();
    }

    /// <inheritdoc/>
    internal override void Abort()
    {
        if (_isOver)
            return;
        _isOver = true;
        if (IsAnswered)
            _tunnel.CloseRetired();
        else
            _tunnel.Abort(tellsPeer: true);
    }

    /// <summary>Bytes that were sent for the stream by somebody else, with OPEN.</summary>
    internal void NoteSent(int count) => _sent += count;

    /// <summary>There is no such stream after all; its tunnel goes on without it.</summary>
    internal void Dismiss()
    {
        if (_isOver)
            return;
        _isOver = true;
        _tunnel.OnReset = null;
    }

    private ValueTask<bool> EndNowAsync()
    {
        var sending = _tunnel.SendAsync(FrameType.End);
        return IsAnswered ? HoldAsync(sending) : sending;
    }

    // Counted from where the client's node can have END: a slow client is nobody's fault.
    private ValueTask<bool> HoldAsync(ValueTask<bool> sending)
    {
        if (!sending.IsCompleted)
            return HoldLaterAsync(sending);
        BeginHold();
        return sending;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> HoldLaterAsync(ValueTask<bool> sending)
    {
        var isSent = await sending;
        BeginHold();
        return isSent;
    }

    private void BeginHold()
    {
        if (!_isOver)
            _tunnel.BeginHold();
    }

    /// <summary>Reads frames until there is payload, an end, or nothing more to come.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitPayloadAsync()
    {
        while (!_isOver)
        {
            if (!await _tunnel.ReadFrameAsync() || _tunnel.Frame.Type == FrameType.Reset)
            {
                _isOver = true;
                _tunnel.Abort(tellsPeer: false);
            }
            else if (_tunnel.Frame.Type == FrameType.End)
            {
                _peerEnded = true;
                WatchBehindEnd();
                return;
            }
            else if (_tunnel.Frame.Type == FrameType.Data)
            {
                return;
            }
        }
    }

    /// <summary>Nobody reads any more, and a reset of the other end must still reach this one's.</summary>
    private void WatchBehindEnd()
    {
        if (!_hasEnded)
            _tunnel.Rest(() => _ = ReadBehindEndAsync());
    }

    private async Task ReadBehindEndAsync()
    {
        // Behind both ends comes the next stream, which is not this one's to read.
        if (_isOver || _hasEnded)
            return;
        // The tunnel forgets whom to tell when it ends.
        var onReset = OnReset;
        _isReadingBehindEnd = true;
        var isRetirement = await _tunnel.ReadFrameAsync() && _tunnel.Frame.Type == FrameType.Retire;
        _isReadingBehindEnd = false;
        if (isRetirement)
        {
            WatchBehindEnd();
            return;
        }

        _isOver = true;
        _tunnel.Abort(tellsPeer: false);
        onReset?.Invoke();
    }
}
