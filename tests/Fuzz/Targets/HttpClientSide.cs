using System.Text;
using Proxy.Http;
using Proxy.Policy;

namespace Fuzz.Targets;

/// <summary>Drives a gate with a client's stream; its server answers when the gate waits for that, or early.</summary>
internal sealed class HttpClientSide : IRequestJudge
{
    private readonly RequestGate _gate;
    private readonly StringBuilder _toServer = new();
    private readonly StringBuilder _toClient = new();
    private readonly List<string> _judged = [];
    private string _end = "";
    private string _target = "";
    private int _taken;
    private int _answered;
    private int? _judgedEnd;

    private readonly HttpRuleSet? _rules;

    /// <param name="limits">Those of <see cref="HttpTargets"/> when null.</param>
    /// <param name="rules">Who judges; when null, what begins with "/ok" passes.</param>
    public HttpClientSide(GateLimits? limits = null, HttpRuleSet? rules = null)
    {
        _gate = new RequestGate(this, limits ?? HttpTargets.Limits);
        _rules = rules;
    }

    public bool AnswersEarly { get; init; }

    public List<string> Allowed { get; } = [];

    /// <summary>What went to the server while requests were judged: nobody judges an upgraded connection.</summary>
    public string JudgedBytes => _toServer.ToString()[..(_judgedEnd ?? _toServer.Length)];

    public HttpClientSide Run(ReadOnlyMemory<byte> stream, IEnumerable<int> ends)
    {
        foreach (var end in ends)
            Send(stream.Span[..end], isEnd: false);
        Send(stream.Span, isEnd: true);
        Oracle.Holds(_end.Length > 0, "the client's end leaves the gate undecided");
        return this;
    }

    public string Summary() => $"{_toServer}\n--\n{_toClient}\n--\n{string.Join('\n', _judged)}\n--\n{_end}";

    RequestVerdict IRequestJudge.Decide(in RequestHead request)
    {
        _target = Encoding.Latin1.GetString(request.Target);
        var verdict = _rules?.Decide(request.Facts) ?? new RequestVerdict(_target.StartsWith("/ok", StringComparison.Ordinal), null);
        var isAllowed = verdict.IsAllowed;
        var line = $"{Encoding.Latin1.GetString(request.Method)} {_target}";
        _judged.Add($"{line} {Encoding.Latin1.GetString(request.Host)} 1.{request.MinorVersion} {isAllowed}");
        if (isAllowed)
            Allowed.Add(line);
        return verdict;
    }

    void IRequestJudge.Answered(in RequestHead request, ushort status) =>
        Oracle.Same(_target, Encoding.Latin1.GetString(request.Target), "the answer is another request's");

    private void Send(ReadOnlySpan<byte> stream, bool isEnd)
    {
        while (_end.Length == 0)
        {
            var allowed = Allowed.Count;
            var step = _gate.Inspect(stream[_taken..], isEnd);
            // Allowed, but what policy adds does not fit, or the Connection header would take it away again.
            if (Allowed.Count > allowed && step.Action == GateAction.Respond)
                Allowed.RemoveAt(allowed);
            if (step.Action == GateAction.NeedMore || (step.Action == GateAction.Wait && !Answer()))
                return;
            Do(step, stream);
        }
    }

    private void Do(in GateStep step, ReadOnlySpan<byte> stream)
    {
        Oracle.Holds(step.Count >= 0 && step.Count <= stream.Length - _taken, "a step takes what there is");
        Oracle.Holds(step.Count > 0 || step.Action is GateAction.End or GateAction.Cut or GateAction.Wait || step.Closes, "a step makes progress");
        if (step.Action == GateAction.Rewrite)
            _toServer.Append(Encoding.Latin1.GetString(step.Head.Span));
        else if (step.Action == GateAction.Forward)
            _toServer.Append(Encoding.Latin1.GetString(stream.Slice(_taken, step.Count)));
        _toClient.Append(Encoding.Latin1.GetString(step.Answer.Span));
        _taken += step.Count;
        if (step.Closes || step.Action is GateAction.End or GateAction.Cut)
            _end = $"{step.Action} {step.Fault} {step.ResetsServer}";
        else if (step.Action is GateAction.Forward or GateAction.Rewrite && AnswersEarly)
            Answer();
    }

    private bool Answer()
    {
        if (_answered == Allowed.Count)
            return AnswersEarly ? false : throw new OracleBroken("waits for an answer that nobody owes");
        _answered++;
        var isUpgrade = _target.StartsWith("/ok/ws", StringComparison.Ordinal);
        var step = _gate.InspectResponse(isUpgrade
            ? "HTTP/1.1 101 Upgraded\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"u8
            : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8);
        if (step.Action == ResponseAction.Cut)
            _end = $"answer {step.Fault}";
        else if (isUpgrade)
            _judgedEnd ??= _toServer.Length;
        _toClient.Append(step.Count);
        return _gate.ResponsePassed();
    }
}
