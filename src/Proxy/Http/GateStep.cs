namespace Proxy.Http;

/// <summary>What the client-to-server lane does next.</summary>
internal enum GateAction : byte
{
    /// <summary>
    /// Read more into the buffer behind the unforwarded bytes; nothing of them may go on yet. If there are any, a head is
    /// incomplete (bodies are never held back), which should not last.
    /// </summary>
    NeedMore,

    /// <summary>Write the first <see cref="GateStep.Count"/> bytes to the server.</summary>
    Forward,

    /// <summary>Write <see cref="GateStep.Head"/> to the server in place of the first <see cref="GateStep.Count"/> bytes.</summary>
    Rewrite,

    /// <summary>Drop the first <see cref="GateStep.Count"/> bytes.</summary>
    Discard,

    /// <summary>Ask again when <see cref="RequestGate.ResponsePassed"/> has returned true; no need to read until then.</summary>
    Wait,

    /// <summary>
    /// Drop the first <see cref="GateStep.Count"/> bytes and write <see cref="GateStep.Answer"/> (may be empty) to the
    /// client, to whom nothing else is being written. If <see cref="GateStep.Closes"/>, end the connection after it.
    /// </summary>
    Respond,

    /// <summary>The client has ended and all is forwarded: half-close towards the server.</summary>
    End,

    /// <summary>Reset both sides because of <see cref="GateStep.Fault"/>.</summary>
    Cut,
}

/// <summary>The gate's word on the request direction.</summary>
internal readonly struct GateStep
{
    private GateStep(GateAction action, int count = 0, GateFault fault = GateFault.None)
    {
        Action = action;
        Count = count;
        Fault = fault;
    }

    public GateAction Action { get; }

    /// <summary>How many of the inspected bytes the action takes; ask again with those behind them.</summary>
    public int Count { get; }

    /// <summary>Why, where the request was not refused by policy.</summary>
    public GateFault Fault { get; }

    /// <summary>What the client is told.</summary>
    public ReadOnlyMemory<byte> Answer { get; private init; }

    /// <summary>A head as it goes to the server, where it is not as it came; valid until the gate is asked again.</summary>
    public ReadOnlyMemory<byte> Head { get; private init; }

    /// <summary>
    /// Whether the connection ends after the answer: the other lane stops, and what the client still sends is read and
    /// dropped for a short time, lest a reset overtakes the answer.
    /// </summary>
    public bool Closes { get; private init; }

    /// <summary>Whether the server holds a part of a request, so that its leg must be reset instead of ended.</summary>
    public bool ResetsServer { get; private init; }

    public static GateStep NeedMore => new(GateAction.NeedMore);

    public static GateStep Wait => new(GateAction.Wait);

    public static GateStep End => new(GateAction.End);

    public static GateStep Forward(int count) => new(GateAction.Forward, count);

    public static GateStep Rewrite(int count, ReadOnlyMemory<byte> head) => new(GateAction.Rewrite, count) { Head = head };

    public static GateStep Discard(int count) => new(GateAction.Discard, count);

    public static GateStep Cut(GateFault fault) => new(GateAction.Cut, 0, fault);

    public static GateStep Respond(int discard, ReadOnlyMemory<byte> answer, bool closes, GateFault fault = GateFault.None, bool resetsServer = false) =>
        new(GateAction.Respond, discard, fault) { Answer = answer, Closes = closes, ResetsServer = resetsServer };
}
