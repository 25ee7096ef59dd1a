namespace Proxy.Http;

/// <summary>Follows the answer to the one outstanding request of a connection.</summary>
internal sealed class ResponseTracker(IRequestJudge judge, GateLimits limits)
{
    private readonly RememberedRequest _request = new();
    private ResponseHeadParser _parser;
    private BodyFraming _body;
    private GateFault _pendingFault;
    private Phase _phase;
    private bool _answersHead;
    private bool _asksWebSocket;
    private bool _isLast;
    private bool _hasContinued;
    private bool _hasUnwritten;

    private enum Phase : byte
    {
        Idle,
        Head,
        Body,
        Opaque,
        Over,
    }

    /// <summary>No request is outstanding and every byte of the last answer has been written.</summary>
    public bool IsIdle => _phase is Phase.Idle && !_hasUnwritten;

    /// <summary>The request that was last expected to be answered.</summary>
    public RequestHead Request => _request.Head;

    /// <summary>No answer is outstanding, and none will come.</summary>
    public bool IsAtRest => _phase is Phase.Idle or Phase.Over;

    /// <summary>The client still has nothing of the final answer, and nothing is being written to it.</summary>
    public bool IsUnbegun => _phase is Phase.Head && !_hasUnwritten;

    public bool IsOpaque => _phase == Phase.Opaque;

    /// <summary>No further request may follow on this connection.</summary>
    public bool IsOver => _phase == Phase.Over;

    /// <summary>The final answer came where the client waits for 100 (Continue) before it sends its body.</summary>
    public bool HasRefusedBody { get; private set; }

    public void Expect(in RequestHead request, bool isLast, bool asksWebSocket)
    {
        _request.Keep(request);
        _parser = new ResponseHeadParser(limits);
        _phase = Phase.Head;
        _answersHead = request.Method.SequenceEqual("HEAD"u8);
        _asksWebSocket = asksWebSocket;
        _isLast = isLast;
        HasRefusedBody = false;
        _hasContinued = false;
    }

    /// <summary>No answer may pass any more.</summary>
    public void Close() => _phase = Phase.Over;

    /// <summary>Whatever comes passes unread.</summary>
    public void Ignore() => _phase = Phase.Opaque;

    public void Passed() => _hasUnwritten = false;

    public ResponseStep Inspect(ReadOnlySpan<byte> bytes, bool isEnd, bool awaitsInvitation)
    {
        if (bytes.IsEmpty)
            return isEnd ? AtEnd() : ResponseStep.NeedMore;
        var step = _phase switch
        {
            Phase.Opaque => Pass(bytes.Length),
            Phase.Head => InspectHead(bytes, isEnd, awaitsInvitation),
            Phase.Body => InspectBody(bytes, 0),
            _ => Cut(GateFault.UnsolicitedResponse),
        };
        if (step.Fault == GateFault.None || !judge.MayPassUnread())
            return step;
        Ignore();
        return Pass(bytes.Length);
    }

    private ResponseStep InspectHead(ReadOnlySpan<byte> bytes, bool isEnd, bool awaitsInvitation)
    {
        if (!_parser.TryRead(bytes, out var fault))
            return fault != GateFault.None ? Cut(fault) : isEnd ? Cut(GateFault.ResponseTruncated) : ResponseStep.NeedMore;
        if (_parser.IsInterim)
            return PassInterim();
        if (_parser.Status == 101 && !(_asksWebSocket && _parser.IsWebSocketUpgrade))
            return Cut(GateFault.UnaskedUpgrade);

        judge.Answered(_request.Head, _parser.Status);
        if (_parser.Status == 101)
        {
            _phase = Phase.Opaque;
            return Pass(bytes.Length);
        }

        _body = _parser.Framing(_answersHead);
        HasRefusedBody = awaitsInvitation && !_hasContinued;
        _isLast |= _parser.IsLast || HasRefusedBody;
        _phase = Phase.Body;
        return InspectBody(bytes, _parser.Length);
    }

    private ResponseStep PassInterim()
    {
        var length = _parser.Length;
        _hasContinued |= _parser.Status == 100;
        _parser = new ResponseHeadParser(limits);
        return Pass(length);
    }

    private ResponseStep InspectBody(ReadOnlySpan<byte> bytes, int start)
    {
        if (_pendingFault != GateFault.None)
            return Cut(_pendingFault);
        var passed = start + _body.Advance(bytes[start..], out _pendingFault);
        if (_body.IsComplete)
            return Complete(passed, bytes.Length - passed);
        return passed == 0 ? Cut(_pendingFault) : Pass(passed);
    }

    // Bytes behind the answer could be taken for the next request's: that request must not be sent.
    private ResponseStep Complete(int length, int unsolicited)
    {
        var fault = unsolicited > 0 && !_isLast ? GateFault.UnsolicitedResponse : GateFault.None;
        var isLast = _isLast || unsolicited > 0;
        _phase = isLast ? Phase.Over : Phase.Idle;
        _hasUnwritten = true;
        return ResponseStep.Pass(length, isLast, fault);
    }

    // The end is passed on as it came: the framing tells the client that something is missing.
    private ResponseStep AtEnd()
    {
        var isTruncated = _phase == Phase.Head || (_phase == Phase.Body && !_body.EndsWithConnection);
        var isLast = _phase != Phase.Opaque;
        if (isLast)
            _phase = Phase.Over;
        return ResponseStep.End(isTruncated ? GateFault.ResponseTruncated : GateFault.None, isLast);
    }

    private ResponseStep Pass(int count)
    {
        _hasUnwritten = true;
        return ResponseStep.Pass(count);
    }

    private ResponseStep Cut(GateFault fault)
    {
        _phase = Phase.Over;
        return ResponseStep.Cut(fault);
    }
}
