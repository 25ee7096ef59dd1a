using System.Text;
using Proxy.Http;
using Proxy.Policy;

namespace Fuzz.Targets;

/// <summary>Drives a gate that has let one request through with a server's stream.</summary>
internal sealed class HttpServerSide : IRequestJudge
{
    private readonly RequestGate _gate;
    private readonly StringBuilder _toClient = new();
    private bool _isOver;
    private int _passed;

    public HttpServerSide(byte variant)
    {
        _gate = new RequestGate(this, HttpTargets.Limits);
        var step = _gate.Inspect(RequestOf(variant));
        Oracle.Holds(step.Action == GateAction.Forward, "the request goes out");
    }

    public string Run(ReadOnlyMemory<byte> stream, IEnumerable<int> ends)
    {
        foreach (var end in ends)
            Pass(stream.Span[..end], isEnd: false);
        Pass(stream.Span, isEnd: true);
        Oracle.Holds(_isOver, "the end of the server ends every answer");
        return _toClient.ToString();
    }

    RequestVerdict IRequestJudge.Decide(in RequestHead request) => new(true, null);

    void IRequestJudge.Answered(in RequestHead request, ushort status) => _toClient.Append($"<{status}>");

    private static ReadOnlySpan<byte> RequestOf(byte variant) => (variant % 5) switch
    {
        1 => "HEAD /ok HTTP/1.1\r\nHost: a\r\n\r\n"u8,
        2 => "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"u8,
        3 => "POST /ok HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"u8,
        4 => "GET /ok HTTP/1.0\r\n\r\n"u8,
        _ => "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n"u8,
    };

    private void Pass(ReadOnlySpan<byte> stream, bool isEnd)
    {
        while (!_isOver)
        {
            var step = _gate.InspectResponse(stream[_passed..], isEnd);
            if (step.Action == ResponseAction.NeedMore)
                return;
            Oracle.Holds(step.Action != ResponseAction.Pass || (step.Count > 0 && step.Count <= stream.Length - _passed), "a pass makes progress within what there is");
            _toClient.Append(Encoding.Latin1.GetString(stream.Slice(_passed, step.Count)));
            _passed += step.Count;
            _gate.ResponsePassed();
            _isOver = step.IsLast || step.Action is ResponseAction.End or ResponseAction.Cut;
        }
    }
}
