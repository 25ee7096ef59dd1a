using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy;

/// <summary>
/// Answers the kernel about the first packets of one pod: the kernel asks, the proxy decides. What is not known yet
/// is held for a while; nothing goes on without an answer.
/// </summary>
internal sealed class KernelQuestions : Pollable
{
    /// <summary>Questions answered in one turn, so that a flood from one pod leaves the worker's others their turn.</summary>
    private const int Batch = 64;

    private readonly ConnectionSeat _seat;
    private readonly VerdictQueue _queue;
    private readonly IPacketJudge _judge;
    private readonly PollToken _token;
    private readonly Action _askMore;
    private readonly WheelTimer _holdEnds;
    private readonly List<Held> _held = [];
    private bool _isDeferred;
    private bool _isClosed;

    /// <summary>Runs on the seat's worker.</summary>
    internal KernelQuestions(ConnectionSeat seat, VerdictQueue queue, IPacketJudge judge)
    {
        _seat = seat;
        _queue = queue;
        _judge = judge;
        _askMore = AnswerMore;
        _holdEnds = new WheelTimer(DropExpired);
        _token = seat.Worker.Watch(this, queue.Fd, Readiness.Readable | Readiness.EdgeTriggered);
        seat.Questions.Add(this);
        AnswerBatch();
    }

    internal void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _seat.Questions.Remove(this);
        _seat.CountHeld(-_held.Count);
        _held.Clear();
        _seat.Worker.Timers.Cancel(_holdEnds);
        _seat.Worker.Forget(_token);
        _queue.Dispose();
        _judge.Dispose();
    }

    // What comes while a turn is waited for is answered in that turn: a flood must not have several in one pass.
    internal override void OnReady(Readiness ready)
    {
        if (!_isDeferred)
            AnswerBatch();
    }

    /// <summary>What was allowed may be refused now, and what was unknown may be known. False: this must be called again.</summary>
    internal bool OnMeshChanged()
    {
        var hasForgotten = _judge.OnMeshChanged();
        for (var i = _held.Count - 1; i >= 0; i--)
        {
            if (TryAnswer(_held[i].Question))
                Release(i);
        }

        return hasForgotten;
    }

    private void AnswerMore()
    {
        _isDeferred = false;
        AnswerBatch();
    }

    private void AnswerBatch()
    {
        for (var i = 0; i < Batch; i++)
        {
            if (_isClosed)
                return;
            var message = _queue.Receive(out var question);
            if (message == QueueMessage.None)
                return;
            if (message == QueueMessage.Question && !TryAnswer(question))
                Hold(question);
        }

        _isDeferred = true;
        _seat.Worker.Defer(_askMore);
    }

    private void Hold(in PacketQuestion question)
    {
        if (_held.Count >= _seat.Limits.HeldQuestions)
        {
            _queue.Drop(question);
            return;
        }

        _held.Add(new Held(question, _seat.Time.GetTimestamp()));
        _seat.CountHeld(1);
        if (!_holdEnds.IsLinked)
            _seat.Worker.Timers.Schedule(_holdEnds, _seat.Limits.Hold);
    }

    private void Release(int index)
    {
        _held.RemoveAt(index);
        _seat.CountHeld(-1);
    }

    private void DropExpired()
    {
        while (_held.Count > 0 && _seat.Time.GetElapsedTime(_held[0].Since) >= _seat.Limits.Hold)
        {
            var question = _held[0].Question;
            Release(0);
            _queue.Drop(question);
            _judge.GiveUp(question);
        }

        if (_held.Count > 0)
            _seat.Worker.Timers.Schedule(_holdEnds, TimerWheel.Tick);
    }

    /// <summary>False when nobody can say yet who the peer is.</summary>
    private bool TryAnswer(in PacketQuestion question)
    {
        if (_judge.Decide(question) is not { } isAllowed)
            return false;
        if (isAllowed)
            _queue.Accept(question);
        else
            _queue.Drop(question);
        return true;
    }

    private readonly record struct Held(PacketQuestion Question, long Since);
}
