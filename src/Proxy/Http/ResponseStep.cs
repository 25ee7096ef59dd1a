namespace Proxy.Http;

/// <summary>What the server-to-client lane does next.</summary>
internal enum ResponseAction : byte
{
    /// <summary>Read more into the buffer behind the unpassed bytes: a response head is incomplete.</summary>
    NeedMore,

    /// <summary>Write the first <see cref="ResponseStep.Count"/> bytes to the client, then call <see cref="RequestGate.ResponsePassed"/>.</summary>
    Pass,

    /// <summary>The server has ended: half-close towards the client.</summary>
    End,

    /// <summary>Reset both sides because of <see cref="ResponseStep.Fault"/>.</summary>
    Cut,
}

/// <summary>The gate's word on the response direction.</summary>
internal readonly struct ResponseStep
{
    private ResponseStep(ResponseAction action, int count, GateFault fault, bool isLast)
    {
        Action = action;
        Count = count;
        Fault = fault;
        IsLast = isLast;
    }

    public ResponseAction Action { get; }

    /// <summary>How many of the inspected bytes may pass; ask again with those behind them.</summary>
    public int Count { get; }

    /// <summary>What was wrong; with <see cref="ResponseAction.Pass"/> and <see cref="ResponseAction.End"/> for the record only.</summary>
    public GateFault Fault { get; }

    /// <summary>After these bytes, or this end, no response can follow: go on as if the server had ended, and drop what is left.</summary>
    public bool IsLast { get; }

    public static ResponseStep NeedMore => new(ResponseAction.NeedMore, 0, GateFault.None, false);

    public static ResponseStep Pass(int count, bool isLast = false, GateFault fault = GateFault.None) =>
        new(ResponseAction.Pass, count, fault, isLast);

    public static ResponseStep End(GateFault fault, bool isLast) => new(ResponseAction.End, 0, fault, isLast);

    public static ResponseStep Cut(GateFault fault) => new(ResponseAction.Cut, 0, fault, false);
}
