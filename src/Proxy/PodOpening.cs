using Proxy.Capture;
using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy;

/// <summary>Opens a captured pod on the workers: listeners on each, the kernel's questions on one.</summary>
internal sealed class PodOpening(PodCapture pod, IReadOnlyList<ConnectionSeat> seats, CaptureOptions options, Action<ConnectionSeat, CapturedConnection, bool> accept) : IAsyncDisposable
{
    private const int QueueLength = 1024;

    private readonly List<(Worker Worker, Action Close)> _opened = [];

    internal async Task<IAsyncDisposable> OpenAsync()
    {
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
        catch (IOException)
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
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
            (socket, client, destination) => Take(seat, socket, client, destination, isOutbound)));
        _opened.Add((seat.Worker, listener.Close));
    }

    private async Task OpenQuestionsAsync(ConnectionSeat seat)
    {
        var questions = await seat.Worker.InvokeAsync(() =>
        {
            var queue = VerdictQueue.Open(pod.Scope.Namespace, options.QueueNumber, QueueLength);
            return new KernelQuestions(seat, pod, queue, AllowSet.Open(pod.Scope.Namespace), options.AllowSetTime);
        });
        _opened.Add((seat.Worker, questions.Close));
    }

    private ConnectionSeat SeatOfQuestions() => seats[(int)(pod.Scope.Namespace.Inode % (ulong)seats.Count)];

    private void Take(ConnectionSeat seat, TcpSocket socket, ClientAddress client, OriginalDestination destination, bool isOutbound)
    {
        var leg = new PlainLeg(seat.Worker, socket, isConnected: true);
        if (pod.TryEnter(seat.Limits.ConnectionsPerWorkload))
        {
            accept(seat, new CapturedConnection(pod, leg, client, destination), isOutbound);
            return;
        }

        leg.Abort();
        seat.RefuseOverLimit(pod.Workload, client.Endpoint, destination.Endpoint, isOutbound);
    }
}
