using System.Runtime.CompilerServices;
using Proxy.Engine;

namespace Proxy.Http;

/// <summary>
/// Both directions of an HTTP/1 connection with a gate between them. Bytes are judged in the receive buffer and
/// written from it; an answer of our own goes to the client only between two of the server's.
/// </summary>
internal sealed class GatedRelay(Worker worker, Leg client, Leg server, RequestGate gate, RelayWatch? watch = null)
{
    // What a client may still send after we have ended the connection, so that our answer is not lost in a reset.
    internal static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private readonly Completion<bool> _responsePassed = new();
    private WheelTimer? _linger;
    private WheelTimer? _head;
    private bool _isAnswering;
    private bool _endsAfterAnswer;
    private bool _isClosing;
    private bool _clientEnded;
    private bool _requestsEnded;
    private bool _responsesEnded;
    private bool _serverIsGone;

    /// <summary>What the gate stopped at; <see cref="GateFault.None"/> when nothing was malformed.</summary>
    internal GateFault Fault { get; private set; }

    /// <summary>True when both directions ended in order.</summary>
    internal async ValueTask<bool> RunAsync()
    {
        client.OnReset = Abort;
        server.OnReset = OnServerReset;
        watch?.Start();
        var inOrder = await new Relay(client, server).RunAsync(RunRequestsAsync(), RunResponsesAsync());
        watch?.Stop();
        if (_linger is not null)
            worker.Timers.Cancel(_linger);
        return inOrder;
    }

    private async ValueTask<bool> RunRequestsAsync()
    {
        var window = new LaneWindow(worker, client, watch);
        try
        {
            while (true)
            {
                var step = gate.Inspect(window.Bytes.Span, window.IsEnded);
                LimitHead(step.Action == GateAction.NeedMore && !window.Bytes.IsEmpty);
                switch (step.Action)
                {
                    case GateAction.NeedMore:
                        if (!await window.FillAsync())
                            return false;
                        break;
                    case GateAction.Forward:
                    case GateAction.Rewrite:
                        if (!await ForwardAsync(window, step))
                            return false;
                        window.Advance(step.Count);
                        break;
                    case GateAction.Discard:
                        window.Advance(step.Count);
                        break;
                    case GateAction.Wait:
                        if (!await _responsePassed.Arm())
                            return false;
                        break;
                    case GateAction.Respond:
                        window.Advance(step.Count);
                        if (!await AnswerAsync(step))
                            return false;
                        break;
                    case GateAction.End:
                        return await EndRequestsAsync();
                    default:
                        Fault = step.Fault;
                        return false;
                }

                await window.TakeTurnAsync();
            }
        }
        finally
        {
            LimitHead(isIncomplete: false);
            window.Release();
        }
    }

    /// <summary>From the first byte of a head to its last, however many of them come one by one.</summary>
    private void LimitHead(bool isIncomplete)
    {
        if (!isIncomplete && _head is { IsLinked: true })
            worker.Timers.Cancel(_head);
        else if (isIncomplete && gate.HeadTimeout > TimeSpan.Zero && _head is not { IsLinked: true })
            worker.Timers.Schedule(_head ??= new WheelTimer(EndHead), gate.HeadTimeout);
    }

    // The lane waits for the rest meanwhile; from now on the gate has it discard whatever comes.
    private void EndHead() => _ = AnswerAsync(gate.TimeOutHead()).AsTask();

    private async ValueTask<bool> RunResponsesAsync()
    {
        var window = new LaneWindow(worker, server, watch);
        try
        {
            while (true)
            {
                var step = gate.InspectResponse(window.Bytes.Span, window.IsEnded);
                switch (step.Action)
                {
                    case ResponseAction.NeedMore:
                        if (!await window.FillAsync())
                            return _isClosing && await EndClientAsync();
                        break;
                    case ResponseAction.Pass:
                        if (!await window.PassAsync(client, step.Count))
                            return false;
                        window.Advance(step.Count);
                        NoteFault(step.Fault);
                        WakeRequests();
                        if (step.IsLast || (_requestsEnded && gate.IsBetweenRequests))
                            return await FinishAsync(window);
                        break;
                    case ResponseAction.End:
                        NoteFault(step.Fault);
                        WakeRequests();
                        return step.IsLast ? await CloseClientAsync() : await EndClientAsync();
                    default:
                        if (_isClosing)
                            return await FinishAsync(window);
                        NoteFault(step.Fault);
                        return false;
                }

                await window.TakeTurnAsync();
            }
        }
        finally
        {
            window.Release();
            _responsesEnded = true;
            if (_responsePassed.IsArmed)
                _responsePassed.Complete(false);
        }
    }

    /// <summary>
    /// A server may answer early and close: its answer is still to be read, so a failed write only stops the
    /// forwarding, and the response lane learns how the connection ended.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ForwardAsync(LaneWindow window, GateStep step)
    {
        if (!_serverIsGone)
            _serverIsGone = !await (step.Action == GateAction.Rewrite ? server.WriteAsync(step.Head) : window.PassAsync(server, step.Count));
        if (_serverIsGone)
            return _isClosing || !_responsesEnded;
        if (_linger is not null)
            worker.Timers.Schedule(_linger, Linger);
        return true;
    }

    private async ValueTask<bool> EndRequestsAsync()
    {
        _requestsEnded = true;
        var ended = await server.EndAsync() || _isClosing;
        ReleaseNext();
        return gate.IsBetweenRequests ? await CloseClientAsync() : ended;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> AnswerAsync(GateStep step)
    {
        NoteFault(step.Fault);
        _isClosing |= step.Closes;
        if (!await TellClientAsync(step.Answer))
            return false;
        if (!step.Closes)
            return true;
        var ended = await CloseClientAsync();
        if (step.ResetsServer)
            server.Abort();
        else
            _ = await server.EndAsync();
        return ended;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TellClientAsync(ReadOnlyMemory<byte> answer)
    {
        if (answer.IsEmpty)
            return true;
        _isAnswering = true;
        var told = await client.WriteAsync(answer);
        _isAnswering = false;
        return told && (!_endsAfterAnswer || await EndClientAsync());
    }

    /// <summary>No response can follow: the client is told so, and what the server still sends is dropped.</summary>
    private async ValueTask<bool> FinishAsync(LaneWindow window)
    {
        if (!await CloseClientAsync())
            return false;
        do
        {
            window.Advance(window.Bytes.Length);
            await window.TakeTurnAsync();
        }
        while (!window.IsEnded && await window.FillAsync());

        return true;
    }

    private async ValueTask<bool> CloseClientAsync()
    {
        _isClosing = true;
        var ended = await EndClientAsync();
        if (_linger is null)
            worker.Timers.Schedule(_linger = new WheelTimer(EndLinger), Linger);
        ReleaseNext();
        return ended;
    }

    // The client has its last answer and has ended. Whatever else its server does concerns it no more, and must not keep
    // the next connection waiting.
    private void ReleaseNext()
    {
        if (_isClosing && _requestsEnded && client.HoldsNext)
            server.Close();
    }

    /// <summary>An end must not overtake an answer that is still being written.</summary>
    private ValueTask<bool> EndClientAsync()
    {
        _endsAfterAnswer = _isAnswering;
        if (_clientEnded || _isAnswering)
            return new ValueTask<bool>(true);
        _clientEnded = true;
        return client.EndAsync();
    }

    private void WakeRequests()
    {
        if (gate.ResponsePassed() && _responsePassed.IsArmed)
            _responsePassed.Complete(true);
    }

    // In order, not by a reset: a slow client may still have the last of its answer to read from the kernel.
    private void EndLinger()
    {
        client.Close();
        server.Abort();
    }

    // As long as the response lane runs it meets the reset itself, behind the bytes that came before it.
    private void OnServerReset()
    {
        if (_responsesEnded && !_isClosing)
            Abort();
    }

    private void NoteFault(GateFault fault)
    {
        if (Fault == GateFault.None)
            Fault = fault;
    }

    private void Abort()
    {
        client.Abort();
        server.Abort();
    }
}
