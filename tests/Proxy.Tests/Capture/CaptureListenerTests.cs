using Proxy.Capture;
using Proxy.Engine;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Capture;

public sealed class CaptureListenerTests : IDisposable
{
    private static readonly Address s_loopback = Address.FromBytes([127, 0, 0, 1]);

    private readonly TestWorker _worker = new();
    private readonly NetworkNamespace _home = NetworkNamespace.Current();
    private readonly List<(ClientAddress Client, OriginalDestination Destination)> _accepted = [];

    public void Dispose()
    {
        _worker.Dispose();
        _home.Dispose();
    }

    [Fact]
    public async Task Whoever_dials_the_listener_itself_is_reset()
    {
        var port = await OpenAsync();
        using var peer = Peer.Dial(new Endpoint(s_loopback, port));
        peer.ExpectReset();
        await _worker.SettleAsync();
        Assert.Empty(_accepted);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var taken = new Loopback();
        var fault = await Assert.ThrowsAsync<IOException>(() => OpenAsync(taken.Endpoint.Port));
        Assert.Contains(taken.Endpoint.ToString(), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_that_come_at_once_are_all_taken()
    {
        var port = await OpenAsync();
        var peers = Enumerable.Range(0, 100).Select(_ => Peer.Dial(new Endpoint(s_loopback, port))).ToList();
        peers.ForEach(peer => peer.ExpectReset());
        peers.ForEach(peer => peer.Dispose());
    }

    [Fact]
    public async Task A_flood_has_one_turn_in_each_pass_however_many_more_come()
    {
        // A pass takes sixteen, and the first sixteen more, for it begins with an event.
        const int Flood = 320;
        const int FewestPasses = Flood / 32;
        var port = await OpenAsync();
        using var arrived = new ManualResetEventSlim();
        var blocked = _worker.DoAsync(() => arrived.Wait(Patience.Limit));
        var peers = Enumerable.Range(0, Flood).Select(_ => Peer.Dial(new Endpoint(s_loopback, port))).ToList();
        var passes = 0;
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Pass()
        {
            passes++;
            if (peers[Flood - 1].HasNews)
            {
                taken.SetResult();
                return;
            }

            // One more is one more event.
            peers.Add(Peer.Dial(new Endpoint(s_loopback, port)));
            _worker.Worker.Defer(Pass);
        }

        var passing = _worker.DoAsync(() => _worker.Worker.Defer(Pass));
        arrived.Set();
        await Task.WhenAll(blocked, passing, taken.Task.Soon());
        Assert.InRange(passes, FewestPasses, int.MaxValue);
        peers.ForEach(peer => peer.Dispose());
    }

    [Fact]
    public async Task A_closed_listener_takes_nobody()
    {
        var port = await OpenAsync(close: true);
        Assert.ThrowsAny<System.Net.Sockets.SocketException>(() => Peer.Dial(new Endpoint(s_loopback, port)));
    }

    private async Task<ushort> OpenAsync(ushort? port = null, bool close = false)
    {
        var chosen = port ?? Loopback.Closed().Port;
        var scope = new NetworkScope(_home, _home, 0);
        var listener = await _worker.AskAsync(() => CaptureListener.Open(_worker.Worker, scope, ipv4: true, chosen, marked: false,
            (socket, client, destination) =>
            {
                socket.Close();
                _accepted.Add((client, destination));
            },
            (_, _) => { }));
        if (close)
        {
            await _worker.DoAsync(listener.Close);
            await _worker.DoAsync(listener.Close);
        }

        return chosen;
    }
}
