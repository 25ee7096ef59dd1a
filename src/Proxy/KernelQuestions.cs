using Proxy.Capture;
using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;

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
    private readonly PodCapture _pod;
    private readonly VerdictQueue _queue;
    private readonly AllowSet _allowed;
    private readonly TimeSpan _rememberFor;
    private readonly PollToken _token;
    private readonly Action _askMore;
    private readonly WheelTimer _holdEnds;
    private readonly List<Held> _held = [];
    private bool _isDeferred;
    private bool _isClosed;

    /// <summary>Runs on the seat's worker.</summary>
    internal KernelQuestions(ConnectionSeat seat, PodCapture pod, VerdictQueue queue, AllowSet allowed, TimeSpan rememberFor)
    {
        _seat = seat;
        _pod = pod;
        _queue = queue;
        _allowed = allowed;
        _rememberFor = rememberFor;
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
        _allowed.Dispose();
    }

    // What comes while a turn is waited for is answered in that turn: a flood must not have several in one pass.
    internal override void OnReady(Readiness ready)
    {
        if (!_isDeferred)
            AnswerBatch();
    }

    /// <summary>What was allowed may be refused now, and what was unknown may be known.</summary>
    internal void OnMeshChanged()
    {
        _allowed.Flush();
        for (var i = _held.Count - 1; i >= 0; i--)
        {
            if (TryAnswer(_held[i].Question))
                Release(i);
        }
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

    private void Hold(in SynQuestion question)
    {
        if (_held.Count >= _seat.Limits.HeldQuestions)
        {
            _queue.Drop(question.PacketId);
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
            _queue.Drop(question.PacketId);
            var unresolved = Unresolved(question);
            _seat.Refuse(unresolved, DirectionOf(question), question.IsOutbound ? Resolution.WhyNone(_seat.Mesh, unresolved) : OutcomeReason.UnknownClient);
        }

        if (_held.Count > 0)
            _seat.Worker.Timers.Schedule(_holdEnds, TimerWheel.Tick);
    }

    /// <summary>False when nobody can say yet who the peer is.</summary>
    private bool TryAnswer(in SynQuestion question)
    {
        var mesh = _seat.Mesh;
        var unresolved = Unresolved(question);
        var found = question.IsOutbound
            ? Resolution.Find(mesh, unresolved, _seat.NodeName)
            : Resolution.FindClient(mesh, unresolved);
        if (found is null)
            return false;
        var parties = Newest(found.Parties, mesh);
        var judgement = Judgement.Of(mesh, parties, PeerAuthentication.NotYetKnown, _seat.NodeName);
        if (judgement.IsAllowed)
            Allow(question);
        else
            Deny(question, parties, judgement);
        return true;
    }

    // The pod's own version follows the directory a little later.
    private static Parties Newest(in Parties parties, MeshSnapshot mesh)
    {
        var newest = parties.As(mesh.Cluster);
        return newest.AreSamePods(parties) ? newest : parties;
    }

    private void Allow(in SynQuestion question)
    {
        _queue.Accept(question.PacketId);
        if (question.IsOutbound)
            _allowed.AddOutbound(question.Destination, question.DestinationPort, _rememberFor);
    }

    private void Deny(in SynQuestion question, in Parties parties, in Judgement judgement)
    {
        _queue.Drop(question.PacketId);
        _seat.Deny(parties, judgement);
    }

    private Parties Unresolved(in SynQuestion question)
    {
        var client = new Endpoint(question.Source, question.SourcePort);
        var server = new Endpoint(question.Destination, question.DestinationPort);
        return question.IsOutbound
            ? new Parties(new Party(client, _pod.Workload), new Party(server, null), null)
            : new Parties(new Party(client, null), new Party(server, _pod.Workload), null);
    }

    private static Direction DirectionOf(in SynQuestion question) => question.IsOutbound ? Direction.Egress : Direction.Ingress;

    private readonly record struct Held(SynQuestion Question, long Since);
}
