using Proxy.Policy;

namespace Proxy.Http;

/// <summary>
/// Stands between the two lanes of one HTTP/1 connection: lets well-formed requests through that its judge allows,
/// answers the others, and knows from the responses when an answer may be inserted. Pure and synchronous; both lanes
/// run on one thread. No byte is copied or changed, but in the heads of requests whose path is to be normalised or whose
/// header fields policy changes: these are written anew.
///
/// One request is outstanding at a time; a pipelined one waits in the client's lane. So answers keep their order, each
/// request is judged by the policy of the moment it leaves, every response belongs to a known request, and bytes that no
/// request asked for are noticed. Bodies are not waited for, so 100 (Continue) and early answers cannot deadlock.
///
/// The client-to-server lane calls <see cref="Inspect"/> with its unforwarded bytes, does what the step says, and calls
/// again with those left; the server-to-client lane does the same with <see cref="InspectResponse"/>, and calls
/// <see cref="ResponsePassed"/> after each write and after the end. A buffer must hold a whole head (<see cref="GateLimits"/>).
/// </summary>
internal sealed class RequestGate(IRequestJudge judge, GateLimits limits)
{
    private readonly ResponseTracker _response = new(judge, limits);
    private readonly EditedHead _edited = new(limits);
    private RequestHeadParser _parser = new(limits);
    private BodyFraming _body;
    private GateFault _pendingFault;
    private Phase _phase;
    private long _discardable;
    private bool _expectsContinue;

    private enum Phase : byte
    {
        Head,
        Body,
        RefusedBody,
        Over,
    }

    /// <summary>True when a request that was let through is still under way, or has become an upgraded connection.</summary>
    public bool TryFindUnderway(out RequestHead request)
    {
        request = _response.Request;
        return _phase == Phase.Body || !_response.IsAtRest;
    }

    /// <summary>Looks at the unforwarded bytes; <paramref name="isEnd"/> says that the client has ended behind them.</summary>
    public GateStep Inspect(ReadOnlySpan<byte> unforwarded, bool isEnd = false)
    {
        _edited.Release();
        if (_response.IsOver && _phase == Phase.Head)
            _phase = Phase.Over;
        if (unforwarded.IsEmpty)
            return isEnd ? AtEnd() : GateStep.NeedMore;
        if (_response.IsOpaque)
            return GateStep.Forward(unforwarded.Length);
        return _phase switch
        {
            Phase.Head => InspectHead(unforwarded, isEnd),
            Phase.Body => InspectBody(unforwarded, 0),
            Phase.RefusedBody => InspectRefusedBody(unforwarded),
            _ => GateStep.Discard(unforwarded.Length),
        };
    }

    /// <summary>Looks at the bytes from the server that are not passed yet; <paramref name="isEnd"/> says that it has ended behind them.</summary>
    public ResponseStep InspectResponse(ReadOnlySpan<byte> unpassed, bool isEnd = false)
    {
        // Who answers instead of inviting the body may take what the client sends next for a request (or may not).
        var awaitsInvitation = _phase == Phase.Body && _expectsContinue;
        var step = _response.Inspect(unpassed, isEnd, awaitsInvitation);
        if (awaitsInvitation && _response.HasRefusedBody)
            _phase = Phase.Over;
        return step;
    }

    /// <summary>
    /// To be called when the bytes of a step are written to the client, and after the end of the server; true when a
    /// lane that was told to wait must ask again.
    /// </summary>
    public bool ResponsePassed()
    {
        _response.Passed();
        return _response.IsIdle || _response.IsOpaque || _response.IsOver;
    }

    /// <summary>How long the rest of a head may take once its first byte has come; zero is for ever.</summary>
    public TimeSpan HeadTimeout => judge.OnlyWatches ? TimeSpan.Zero : limits.HeadTimeout;

    /// <summary>The rest of the head has taken too long: the client is told so, and the connection ends.</summary>
    public GateStep TimeOutHead() => Refuse(0, GateFault.HeadTimedOut, resetsServer: false);

    /// <summary>No request is outstanding and the client has all of the last answer.</summary>
    public bool IsBetweenRequests => _response.IsIdle;

    private GateStep InspectHead(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        if (!_response.IsIdle)
            return GateStep.Wait;
        if (!_parser.TryRead(bytes, out var fault))
        {
            if (fault == GateFault.None && !isEnd)
                return GateStep.NeedMore;
            return judge.MayPassUnread()
                ? PassUnread(bytes.Length)
                : Refuse(bytes.Length, fault == GateFault.None ? GateFault.RequestTruncated : fault, resetsServer: false);
        }

        var head = _parser.Head(bytes);
        if (_parser.IsAbnormal)
            head = head with { Target = _edited.Normalise(head.Target) };
        _body = Framing(_parser.Fields);
        var verdict = judge.Decide(head);
        if (!verdict.IsAllowed)
            return Deny(head);
        return _parser.IsAbnormal || verdict.Actions.ChangesFields ? AllowEdited(bytes, head, verdict.Actions) : Allow(bytes, head);
    }

    private GateStep AllowEdited(ReadOnlySpan<byte> bytes, in RequestHead head, in HeaderActions actions)
    {
        var fault = _edited.Write(bytes, _parser, head, actions);
        if (fault != GateFault.None)
            return Refuse(bytes.Length, fault, resetsServer: false);

        var length = _parser.Length;
        Begin(head);
        if (_body.IsComplete)
            BeginHead();
        return GateStep.Rewrite(length, _edited.Bytes);
    }

    private GateStep Allow(ReadOnlySpan<byte> bytes, in RequestHead head)
    {
        var length = _parser.Length;
        Begin(head);
        return InspectBody(bytes, length);
    }

    private void Begin(in RequestHead head)
    {
        _expectsContinue = _parser.ExpectsContinue;
        _response.Expect(head, _parser.IsLast, _parser.AsksWebSocket(head));
        _phase = Phase.Body;
    }

    private GateStep InspectBody(ReadOnlySpan<byte> bytes, int start)
    {
        if (_pendingFault != GateFault.None)
            return BreakOff(bytes.Length, _pendingFault);
        var count = start + _body.Advance(bytes[start..], out _pendingFault);
        if (_body.IsComplete)
            BeginHead();
        return count == 0 ? BreakOff(bytes.Length, _pendingFault) : GateStep.Forward(count);
    }

    private GateStep PassUnread(int count)
    {
        _response.Ignore();
        return GateStep.Forward(count);
    }

    // The server has the beginning of a request that will never be whole.
    private GateStep BreakOff(int count, GateFault fault)
    {
        if (judge.MayPassUnread())
            return count == 0 ? GateStep.End : PassUnread(count);
        if (_response.IsUnbegun)
            return Refuse(count, fault, resetsServer: true);
        Close();
        return GateStep.Cut(fault);
    }

    private GateStep Refuse(int count, GateFault fault, bool resetsServer)
    {
        Close();
        return GateStep.Respond(count, CannedAnswers.To(fault), closes: true, fault, resetsServer);
    }

    // After a refusal, a client that expected 100 may or may not send its body: the connection cannot go on.
    private GateStep Deny(in RequestHead head)
    {
        var length = _parser.Length;
        var isUncertain = _parser.ExpectsContinue && !_body.IsComplete;
        var isTooLong = _parser.Fields.Length > limits.MaxDiscardedBytes;
        var closes = _parser.IsLast || isUncertain || isTooLong;
        var answer = CannedAnswers.AccessDenied(closes, head.Method.SequenceEqual("HEAD"u8));
        if (closes)
            Close();
        else if (_body.IsComplete)
            BeginHead();
        else
            (_phase, _discardable) = (Phase.RefusedBody, limits.MaxDiscardedBytes);
        return GateStep.Respond(length, answer, closes);
    }

    private GateStep InspectRefusedBody(ReadOnlySpan<byte> bytes)
    {
        var count = _body.Advance(bytes, out var fault);
        _discardable -= count;
        if (_discardable < 0)
            fault = GateFault.DiscardedBodyTooLarge;
        if (fault != GateFault.None)
        {
            Close();
            return GateStep.Respond(bytes.Length, default, closes: true, fault);
        }

        if (_body.IsComplete)
            BeginHead();
        return GateStep.Discard(count);
    }

    private GateStep AtEnd()
    {
        var isMissed = _phase == Phase.Body && !_response.IsOver;
        return isMissed ? BreakOff(0, GateFault.RequestTruncated) : GateStep.End;
    }

    private void Close()
    {
        _phase = Phase.Over;
        _response.Close();
    }

    private void BeginHead()
    {
        _phase = Phase.Head;
        _parser = new RequestHeadParser(limits);
    }

    private BodyFraming Framing(in MessageFields fields) =>
        fields.IsChunked ? BodyFraming.Chunked(allowsExtensions: false, limits, allowsTrailers: !judge.RefusesTrailers) : BodyFraming.OfLength(fields.Length);
}
