using Proxy.Engine;
using Proxy.Native;

namespace Proxy.Tests.Engine;

public sealed class WorkerTests : IDisposable
{
    private readonly TestWorker _worker = new();

    public void Dispose() => _worker.Dispose();

    [Fact]
    public async Task Posted_actions_run_in_order_on_the_worker()
    {
        var order = new List<(int, Worker?)>();
        for (var i = 0; i < 100; i++)
        {
            var number = i;
            _worker.Worker.Post(() => order.Add((number, Worker.Current)));
        }

        await _worker.SettleAsync();
        Assert.Equal(Enumerable.Range(0, 100).Select(number => (number, (Worker?)_worker.Worker)), order);
        Assert.Null(Worker.Current);
    }

    [Fact]
    public async Task The_exception_of_a_function_is_its_callers()
    {
        await Assert.ThrowsAsync<FormatException>(() => _worker.AskAsync<int>(() => throw new FormatException()));
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task A_fault_ends_nobody_else()
    {
        using var loopback = new Loopback();
        var (leg, peer) = await loopback.ConnectAsync(_worker);
        var (other, otherPeer) = await loopback.ConnectAsync(_worker);
        await _worker.DoAsync(() => leg.OnReset = () => throw new FormatException("a bug"));
        peer.Reset();
        otherPeer.Send("still here");

        Assert.Equal(10, await _worker.RunAsync(() => other.ReadAsync(new byte[64])));
        await _worker.SettleAsync();
        Assert.Equal("a bug", Assert.Single(_worker.Faults).Message);
    }

    [Fact]
    public async Task A_posted_bug_is_told_and_the_next_action_runs()
    {
        _worker.Worker.Post(() => throw new FormatException("a bug"));
        Assert.Equal(1, await _worker.AskAsync(() => 1));
        Assert.Equal("a bug", Assert.Single(_worker.Faults).Message);
    }

    [Fact]
    public async Task A_leg_cannot_be_made_on_another_thread_and_leaks_nothing()
    {
        using var loopback = new Loopback();
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var socket));
        Assert.Equal(SocketFault.InProgress, socket.Connect(loopback.Endpoint));
        var peer = loopback.Accept();
        Assert.Throws<InvalidOperationException>(() => new PlainLeg(_worker.Worker, socket, isConnected: false));
        peer.ExpectReset();
        await _worker.SettleAsync();
    }

    [Fact]
    public async Task Whoever_yields_lets_the_others_go_first()
    {
        var order = new List<string>();
        var first = _worker.RunAsync(() => TakeTurnsAsync("a", order));
        await _worker.DoAsync(() => order.Add("posted"));
        await first;

        Assert.Equal(["b", "a", "b", "a", "b", "a"], order.Where(name => name != "posted"));
        Assert.Contains("posted", order);
    }

    [Fact]
    public async Task What_is_postponed_runs_one_pass_later_though_nothing_happens()
    {
        var order = new List<string>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _worker.DoAsync(() =>
        {
            _worker.Worker.Postpone(() =>
            {
                order.Add("postponed");
                done.SetResult();
            });
            // Deferred actions run at the end of this pass; one that they defer, at the end of the next.
            _worker.Worker.Defer(() =>
            {
                order.Add("this pass");
                _worker.Worker.Defer(() => order.Add("next pass"));
            });
        });
        await done.Task.Soon();
        Assert.Equal(["this pass", "next pass", "postponed"], order);
    }

    [Fact]
    public void A_token_of_an_earlier_generation_finds_nothing()
    {
        var table = new PollableTable();
        var (first, second) = (new Silent(), new Silent());
        var old = table.Add(first);
        table.Remove(old);
        var young = table.Add(second);

        Assert.Equal(old.Slot, young.Slot);
        Assert.Null(table.Find(old.Value));
        Assert.Same(second, table.Find(young.Value));
        table.Remove(old);
        Assert.Same(second, table.Find(young.Value));
    }

    [Fact]
    public void A_table_that_grows_keeps_what_it_has()
    {
        var table = new PollableTable();
        var all = Enumerable.Range(0, 1000).Select(_ => new Silent()).ToList();
        var tokens = all.ConvertAll(table.Add);
        Assert.Equal(all, tokens.Select(token => table.Find(token.Value)));
    }

    [Fact]
    public void A_signal_after_the_end_reaches_no_other_descriptor()
    {
        var worker = new TestWorker();
        worker.Dispose();
        using var heir = new Loopback();
        worker.Worker.Post(() => { });
        worker.Dispose();
        Assert.False(heir.HasCaller());
    }

    private async ValueTask<bool> TakeTurnsAsync(string name, List<string> order)
    {
        if (name == "a")
            _ = TakeTurnsAsync("b", order).AsTask();
        for (var i = 0; i < 3; i++)
        {
            await _worker.Worker.Yield();
            order.Add(name);
        }

        await _worker.Worker.Yield();
        return true;
    }

    private sealed class Silent : Pollable
    {
        internal override void OnReady(Readiness ready)
        {
        }
    }
}
