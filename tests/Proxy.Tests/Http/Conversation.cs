using System.Text;
using Proxy.Http;
using Proxy.Policy;

namespace Proxy.Tests.Http;

/// <summary>Both lanes of a gated connection in memory: the shortest code that obeys the gate's steps.</summary>
internal sealed class Conversation : IRequestJudge
{
    private readonly RequestGate _gate;
    private readonly List<byte> _unforwarded = [];
    private readonly List<byte> _unpassed = [];
    private bool _clientEnded;
    private bool _serverEnded;

    public Conversation(GateLimits? limits = null) => _gate = new RequestGate(this, limits ?? GateLimits.Default);

    public Func<string, string, bool> Allows { get; init; } = (_, target) => !target.StartsWith("/denied", StringComparison.Ordinal);

    /// <summary>Judge by these instead.</summary>
    public HttpRuleSet? Rules { get; init; }

    /// <summary>Looks at what the server has, and says what it sends.</summary>
    public Func<Conversation, string?>? Server { get; init; }

    public StringBuilder ToServer { get; } = new();

    public StringBuilder ToClient { get; } = new();

    /// <summary>"GET /x host 1.1 allowed" for each request that was judged.</summary>
    public List<string> Judged { get; } = [];

    /// <summary>"200 GET /x host" for each answer.</summary>
    public List<string> Answers { get; } = [];

    public int Allowed { get; private set; }

    public GateFault Fault { get; private set; }

    public bool IsClosed { get; private set; }

    public bool IsCut { get; private set; }

    public bool IsServerReset { get; private set; }

    public bool IsWaiting { get; private set; }

    public bool ServerSawEnd { get; private set; }

    public bool ClientSawEnd { get; private set; }

    /// <summary>"GET /x" while a request that was let through is under way; null otherwise.</summary>
    public string? Underway => _gate.TryFindUnderway(out var request)
        ? $"{Encoding.Latin1.GetString(request.Method)} {Encoding.Latin1.GetString(request.Target)}"
        : null;

    public Conversation Client(string bytes) => Client(Encoding.Latin1.GetBytes(bytes));

    public Conversation Client(ReadOnlySpan<byte> bytes)
    {
        _unforwarded.AddRange(bytes);
        Forward();
        return this;
    }

    public Conversation EndClient()
    {
        _clientEnded = true;
        Forward();
        return this;
    }

    public Conversation Serve(string bytes)
    {
        _unpassed.AddRange(Encoding.Latin1.GetBytes(bytes));
        Pass();
        return this;
    }

    public Conversation EndServer()
    {
        _serverEnded = true;
        Pass();
        return this;
    }

    /// <summary>Everything that must not depend on how the bytes were split.</summary>
    public string Summary() =>
        $"{ToServer}\n--\n{ToClient}\n--\n{string.Join('\n', Judged)}\n--\n{string.Join('\n', Answers)}\n--\n{Fault} {IsClosed} {IsCut} {ServerSawEnd} {ClientSawEnd}";

    bool IRequestJudge.RefusesTrailers => Rules is { LooksAtHeaders: true };

    RequestVerdict IRequestJudge.Decide(in RequestHead request)
    {
        if (Rules is not null)
            return Judge(Rules, request);
        var (method, target) = (Text(request.Method), Text(request.Target));
        var isAllowed = Allows(method, target);
        Judged.Add($"{method} {target} {Text(request.Host)} 1.{request.MinorVersion} {(isAllowed ? "allowed" : "denied")}");
        Allowed += isAllowed ? 1 : 0;
        return new RequestVerdict(isAllowed, null);
    }

    private RequestVerdict Judge(HttpRuleSet rules, in RequestHead request)
    {
        var verdict = rules.Decide(request.Facts);
        Judged.Add($"{Text(request.Method)} {Text(request.Target)} {(verdict.IsAllowed ? "allowed" : "denied")}");
        Allowed += verdict.IsAllowed ? 1 : 0;
        return verdict;
    }

    void IRequestJudge.Answered(in RequestHead request, ushort status) =>
        Answers.Add($"{status} {Text(request.Method)} {Text(request.Target)} {Text(request.Host)}");

    private void Forward()
    {
        while (!IsClosed && !IsCut && !ServerSawEnd)
        {
            var step = _gate.Inspect(_unforwarded.ToArray(), _clientEnded);
            IsWaiting = step.Action == GateAction.Wait;
            if (step.Action is GateAction.NeedMore or GateAction.Wait)
                return;
            Do(step);
        }
    }

    private void Do(GateStep step)
    {
        var taken = Text(_unforwarded.GetRange(0, step.Count).ToArray());
        _unforwarded.RemoveRange(0, step.Count);
        if (step.Fault != GateFault.None)
            Fault = step.Fault;
        if (step.Action is GateAction.Forward or GateAction.Rewrite)
            ToServer.Append(step.Action == GateAction.Forward ? taken : Text(step.Head.Span));
        ToClient.Append(Text(step.Answer.Span));
        IsClosed = step.Closes;
        IsServerReset = step.ResetsServer;
        IsCut = step.Action == GateAction.Cut;
        ServerSawEnd = step.Action == GateAction.End;
        if (step.Action is GateAction.Forward or GateAction.Rewrite && Server?.Invoke(this) is { } answer)
            Serve(answer);
    }

    private void Pass()
    {
        while (!IsClosed && !IsCut && !ClientSawEnd)
        {
            var step = _gate.InspectResponse(_unpassed.ToArray(), _serverEnded);
            if (step.Fault != GateFault.None)
                Fault = step.Fault;
            if (step.Action == ResponseAction.NeedMore)
                return;
            ToClient.Append(Text(_unpassed.GetRange(0, step.Count).ToArray()));
            _unpassed.RemoveRange(0, step.Count);
            IsCut = step.Action == ResponseAction.Cut;
            ClientSawEnd = step.IsLast || step.Action == ResponseAction.End;
            if (_gate.ResponsePassed())
                Forward();
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
