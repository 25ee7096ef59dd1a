using Proxy.Capture;
using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Lifetime;
using Proxy.Native;

namespace Proxy;

/// <summary>Opens a captured pod on the workers: listeners on each, the kernel's questions on one.</summary>
internal sealed class PodOpening(PodCapture pod, IReadOnlyList<ConnectionSeat> seats, CaptureOptions options, Action<ConnectionSeat, CapturedConnection, bool> accept) : IAsyncDisposable
{
    private readonly List<(Worker Worker, Action Close)> _opened = [];

    // Two listeners in each family on each worker, four netlink sockets, and the namespace.
    private int Descriptors => (4 * seats.Count) + 5;

    internal async Task<IAsyncDisposable> OpenAsync()
    {
        seats[0].Budget.AddPod(Descriptors);
        try
        {
            foreach (var seat in seats)
            {
                foreach (var ipv4 in (bool[])[true, false])
                {
                    // The inbound listener answers before there is a socket to mark, so it carries the mark itself.
                    await OpenListenerAsync(seat, ipv4, options.OutboundPort, marked: false, isOutbound: true);
                    await OpenListenerAsync(seat, ipv4, options.InboundPort, marked: true, isOutbound: false);
                }
            }

            await OpenQuestionsAsync(SeatOfQuestions());
            return this;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        seats[0].Budget.RemovePod(Descriptors);
        foreach (var (worker, close) in _opened)
        {
            await worker.InvokeAsync(() =>
            {
                close();
                return true;
            });
        }
    }

    private async Task OpenListenerAsync(ConnectionSeat seat, bool ipv4, ushort port, bool marked, bool isOutbound)
    {
        var listener = await seat.Worker.InvokeAsync(() => CaptureListener.Open(seat.Worker, pod.Scope, ipv4, port, marked,
            (socket, client, destination) => Take(seat, socket, client, destination, isOutbound),
            (client, destination) => Refuse(seat, client, destination, isOutbound, OutcomeReason.OutOfResources)));
        _opened.Add((seat.Worker, listener.Close));
    }

    private async Task OpenQuestionsAsync(ConnectionSeat seat)
    {
        var place = pod.Scope.Namespace;
        var questions = await seat.Worker.InvokeAsync(() =>
        {
            var queue = VerdictQueue.Open(place, options.QueueNumber, seat.Limits.QuestionQueue);
            return new KernelQuestions(seat, queue, new SynJudge(seat, pod, AllowSet.Open(place), options.AllowSetTime));
        });
        _opened.Add((seat.Worker, questions.Close));
        var flows = await seat.Worker.InvokeAsync(() =>
        {
            var queue = VerdictQueue.OpenFlows(place, options, seat.Limits.QuestionQueue);
            var memory = new FlowMemory(FlowSet.Open(place), seat.Time, options.FlowSetTime, options.AllowSetLimit);
            return new KernelQuestions(seat, queue, new FlowJudge(seat, pod, memory));
        });
        _opened.Add((seat.Worker, flows.Close));
    }

    private ConnectionSeat SeatOfQuestions() => seats[(int)(pod.Scope.Namespace.Inode % (ulong)seats.Count)];

    private void Take(ConnectionSeat seat, TcpSocket socket, ClientAddress client, OriginalDestination destination, bool isOutbound)
    {
        if (TryAdmit(seat, socket, out var leg) is { } refusal)
            Refuse(seat, client, destination, isOutbound, refusal);
        else
            accept(seat, new CapturedConnection(pod, leg!, client, destination), isOutbound);
    }

    /// <summary>Why the connection was reset; null when it was not.</summary>
    private OutcomeReason? TryAdmit(ConnectionSeat seat, TcpSocket socket, out PlainLeg? leg)
    {
        leg = null;
        if (TryEnter(seat) is { } refusal)
        {
            socket.SetAbortive(true);
            socket.Close();
            return refusal;
        }

        leg = PlainLeg.TryTake(seat.Worker, socket, isConnected: true);
        if (leg is not null)
            return null;
        pod.Leave();
        seat.Budget.Leave();
        return OutcomeReason.OutOfResources;
    }

    private OutcomeReason? TryEnter(ConnectionSeat seat)
    {
        if (!pod.TryEnter(seat.Limits.ConnectionsPerWorkload))
            return OutcomeReason.TooManyConnections;
        // What rests makes room for what is wanted now: a tunnel of this node at once, one of another's when it has heard.
        var admission = seat.Budget.TryEnter(pod.Connections);
        while (admission == Admission.ProcessIsFull && seat.Tunnels.TryEndOne())
            admission = seat.Budget.TryEnter(pod.Connections);
        if (admission == Admission.Admitted)
            return null;
        if (admission == Admission.ProcessIsFull)
            GiveUpOne(seat);
        pod.Leave();
        return admission == Admission.WorkloadIsFull ? OutcomeReason.TooManyConnections : OutcomeReason.OutOfResources;
    }

    // For the next one; tunnels may rest on other workers.
    private void GiveUpOne(ConnectionSeat seat)
    {
        if (seat.GiveUpOne())
            return;
        foreach (var other in seats.Where(other => other != seat))
            other.Worker.Post(() => other.GiveUpOne());
    }

    private void Refuse(ConnectionSeat seat, ClientAddress client, OriginalDestination destination, bool isOutbound, OutcomeReason reason) =>
        seat.RefuseOverLimit(pod.Workload, client.Endpoint, destination.Endpoint, isOutbound, reason);
}
