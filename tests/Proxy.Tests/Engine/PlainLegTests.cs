using System.Text;
using Proxy.Engine;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Tests.Engine;

public sealed class PlainLegTests : IDisposable
{
    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public async Task Bytes_and_ends_pass_in_both_directions()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        peer.Send("ping");
        Assert.Equal("ping", await ReadAsync(leg));
        Assert.True(await _worker.RunAsync(() => leg.WriteAsync("pong"u8.ToArray())));
        Assert.True(await _worker.RunAsync(leg.EndAsync));
        Assert.Equal("pong", peer.ReceiveToEnd());
        peer.Send("after your end");
        peer.End();
        Assert.Equal("after your end", await ReadAsync(leg));
        Assert.Equal(0, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Close);
    }

    [Fact]
    public async Task A_leg_closed_after_both_ends_is_orderly()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        peer.End();
        Assert.Equal(0, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.RunAsync(() => leg.WriteAsync("last"u8.ToArray()));
        await _worker.RunAsync(leg.EndAsync);
        await _worker.DoAsync(leg.Close);
        Assert.Equal("last", peer.ReceiveToEnd());
    }

    [Fact]
    public async Task A_leg_that_lingers_at_its_close_is_orderly_whatever_the_peer_still_sends()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        peer.Send("unread");
        await _worker.RunAsync(() => leg.WriteAsync("last"u8.ToArray()));
        var gone = await _worker.AskAsync(() =>
        {
            leg.CloseLinger = Patience.Limit;
            leg.Close();
            return leg.GoneAsync().AsTask();
        });
        Assert.True(leg.IsClosed);
        await Patience.OnThread(() => peer.Fill(1 << 20));
        Assert.Equal("last", peer.ReceiveToEnd());
        Assert.False(gone.IsCompleted);
        peer.EndSocket();
        await gone.Soon();
    }

    [Fact]
    public async Task A_leg_lingers_no_longer_than_it_may()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var gone = await _worker.AskAsync(() =>
        {
            leg.CloseLinger = TimeSpan.FromMilliseconds(50);
            leg.Close();
            return leg.GoneAsync().AsTask();
        });
        await gone.Soon();
        peer.ExpectEnd();
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
    }

    [Fact]
    public async Task The_last_bytes_bring_the_end_and_an_end_said_again_changes_nothing()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        Assert.True(await _worker.RunAsync(() => leg.PassAsync("last"u8.ToArray(), 0, 4, isLast: true)));
        Assert.Equal("last", peer.ReceiveToEnd());
        Assert.True(await _worker.RunAsync(leg.EndAsync));
        peer.Send("still heard");
        Assert.Equal("still heard", await ReadAsync(leg));
        peer.End();
        Assert.Equal(0, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Close);
    }

    [Fact]
    public async Task The_end_waits_for_last_bytes_that_the_kernel_does_not_take_at_once()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var bytes = new byte[32 * 1024 * 1024];
        new Random(1).NextBytes(bytes);
        var passing = _worker.RunAsync(() => leg.PassAsync(bytes, 0, bytes.Length, isLast: true));
        var received = new byte[bytes.Length];
        await Patience.OnThread(() => peer.ReceiveExactly(received));
        Assert.True(await passing);
        peer.ExpectEnd();
        Assert.True(received.AsSpan().SequenceEqual(bytes));
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task A_leg_knows_of_an_end_that_came_with_the_last_bytes()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        Assert.False(await _worker.AskAsync(() => leg.IsAtEnd));
        peer.Send("last");
        peer.End();
        await _worker.SettleAsync();
        Assert.False(await _worker.AskAsync(() => leg.IsAtEnd));
        Assert.Equal("last", await ReadAsync(leg));
        Assert.True(await _worker.AskAsync(() => leg.IsAtEnd));
        Assert.Equal(0, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Close);
    }

    [Fact]
    public async Task A_reset_is_no_end_to_look_at()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        peer.Reset();
        await _worker.SettleAsync();
        Assert.False(await _worker.AskAsync(() => leg.IsAtEnd));
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task A_leg_that_never_ended_in_order_resets()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        await _worker.DoAsync(leg.Abort);
        peer.ExpectReset();
        Assert.True(leg.IsClosed);
    }

    [Fact]
    public async Task Abort_completes_what_is_pending_as_broken()
    {
        var (leg, _) = await _loopback.ConnectAsync(_worker);
        var reading = _worker.RunAsync(() => leg.ReadAsync(new byte[64]));
        var writing = _worker.RunAsync(() => leg.WriteAsync(new byte[64 * 1024 * 1024]));
        await _worker.SettleAsync();
        Assert.False(reading.IsCompleted || writing.IsCompleted);
        await _worker.DoAsync(leg.Abort);

        Assert.Equal(Leg.Broken, await reading);
        Assert.False(await writing);
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        Assert.False(await _worker.RunAsync(() => leg.WriteAsync(new byte[1])));
        Assert.False(await _worker.RunAsync(leg.EndAsync));
    }

    [Fact]
    public async Task A_second_read_at_the_same_time_is_a_bug_and_says_so()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var reading = _worker.RunAsync(() => leg.ReadAsync(new byte[64]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        peer.Send("x");
        Assert.Equal(1, await reading);
    }

    [Fact]
    public async Task A_write_waits_for_a_reader_and_goes_on_with_it()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var bytes = new byte[32 * 1024 * 1024];
        Random.Shared.NextBytes(bytes);
        var writing = _worker.RunAsync(() => leg.WriteAsync(bytes));
        await _worker.SettleAsync();
        Assert.False(writing.IsCompleted);

        var received = new byte[bytes.Length];
        await Patience.OnThread(() => peer.ReceiveExactly(received));
        Assert.True(await writing);
        Assert.True(bytes.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task An_idle_leg_hears_of_a_reset()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _worker.DoAsync(() => leg.OnReset = heard.SetResult);
        peer.Reset();
        await heard.Task.Soon();
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
    }

    [Fact]
    public async Task A_blocked_leg_hears_of_a_reset()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var writing = _worker.RunAsync(() => leg.WriteAsync(new byte[64 * 1024 * 1024]));
        await _worker.SettleAsync();
        peer.Reset();
        Assert.False(await writing);
    }

    [Fact]
    public async Task A_reset_that_a_write_met_first_is_never_read_as_an_end()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _worker.DoAsync(() => leg.OnReset = heard.SetResult);
        peer.Send("before");
        peer.Reset();
        await heard.Task.Soon();

        Assert.False(await _worker.RunAsync(() => leg.WriteAsync(new byte[1])));
        Assert.Equal("before", await ReadAsync(leg));
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
    }

    [Fact]
    public async Task An_end_before_a_reset_stays_an_end()
    {
        var (leg, peer) = await _loopback.ConnectAsync(_worker);
        peer.Send("all of it");
        peer.Dispose();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _worker.DoAsync(() => leg.OnReset = heard.SetResult);
        Assert.True(await _worker.RunAsync(() => leg.WriteAsync(new byte[1])));
        await heard.Task.Soon();

        Assert.False(await _worker.RunAsync(() => leg.WriteAsync(new byte[1])));
        Assert.Equal("all of it", await ReadAsync(leg));
        Assert.Equal(0, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
    }

    [Fact]
    public async Task What_came_before_the_leg_was_made_is_read_and_so_is_the_end()
    {
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var listener));
        Assert.Equal(SocketFault.None, listener.Bind(new Endpoint(_loopback.Endpoint.Address, 0)));
        Assert.Equal(SocketFault.None, listener.Listen(1));
        using var peer = Peer.Dial(listener.LocalEndpoint());
        peer.Send("early");
        peer.End();
        Assert.Equal(SocketFault.None, listener.Accept(out var accepted, out _));
        listener.Close();

        var leg = await _worker.AskAsync(() => new PlainLeg(_worker.Worker, accepted, isConnected: true));
        Assert.Equal("early", await ReadAsync(leg));
        Assert.Equal(0, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public void An_accepted_socket_is_abortive_because_its_listener_is()
    {
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var listener));
        PlainLeg.Prepare(listener);
        Assert.Equal(SocketFault.None, listener.Bind(new Endpoint(_loopback.Endpoint.Address, 0)));
        Assert.Equal(SocketFault.None, listener.Listen(1));
        using var peer = Peer.Dial(listener.LocalEndpoint());
        Assert.Equal(SocketFault.None, listener.Accept(out var accepted, out _));
        listener.Close();
        accepted.Close();
        peer.ExpectReset();
    }

    [Fact]
    public async Task A_port_where_nobody_listens_refuses()
    {
        var dialled = await DialAsync(Loopback.Closed(), TimeSpan.FromSeconds(10));
        Assert.Equal((null, SocketFault.Refused), (dialled.Leg, dialled.Fault));
    }

    [Fact]
    public async Task A_dial_has_a_limit()
    {
        // Somebody who never accepts: once the backlog is full, the kernel drops further SYNs.
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var deaf));
        Assert.Equal(SocketFault.None, deaf.Bind(new Endpoint(_loopback.Endpoint.Address, 0)));
        Assert.Equal(SocketFault.None, deaf.Listen(0));
        var remote = deaf.LocalEndpoint();
        var first = await DialAsync(remote, TimeSpan.FromMilliseconds(100));
        Dialled last = first;
        for (var i = 0; i < 4 && last.Fault == SocketFault.None; i++)
            last = await DialAsync(remote, TimeSpan.FromMilliseconds(100));

        Assert.Equal((null, SocketFault.TimedOut), (last.Leg, last.Fault));
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
        deaf.Close();
    }

    [Fact]
    public async Task Where_no_way_leads_is_unreachable()
    {
        using var nowhere = NetworkNamespace.CreateTransient();
        using var home = await _worker.AskAsync(NetworkNamespace.Current);
        var scope = new NetworkScope(nowhere, home, 0);
        var dialler = await _worker.AskAsync(() => new Dialer(_worker.Worker, 1, TimeSpan.FromSeconds(1)));
        var dialled = await _worker.RunAsync(() => dialler.ConnectAsync(scope, AddressOf("127.0.0.1"), new Endpoint(AddressOf("192.0.2.1"), 80)));
        Assert.Equal((null, SocketFault.Unreachable), (dialled.Leg, dialled.Fault));
    }

    [Fact]
    public async Task A_dial_from_a_clients_address_skips_ports_that_are_taken()
    {
        using var home = await _worker.AskAsync(NetworkNamespace.Current);
        var scope = new NetworkScope(home, home, 0);
        var dialler = await _worker.AskAsync(() => new Dialer(_worker.Worker, 1, TimeSpan.FromSeconds(1)));
        var first = await _worker.RunAsync(() => dialler.ConnectFromAsync(scope, AddressOf("127.0.0.9"), _loopback.Endpoint));
        var again = await _worker.AskAsync(() => new Dialer(_worker.Worker, 1, TimeSpan.FromSeconds(1)));
        var second = await _worker.RunAsync(() => again.ConnectFromAsync(scope, AddressOf("127.0.0.9"), _loopback.Endpoint));

        Assert.Equal((SocketFault.None, SocketFault.None), (first.Fault, second.Fault));
        Assert.Equal("127.0.0.9", _loopback.Accept().Remote.Address.ToString());
        Assert.NotEqual(first.Leg!.LocalEndpoint, second.Leg!.LocalEndpoint);
    }

    [Fact]
    public async Task Upstream_ports_stay_above_those_of_inner_legs_whatever_range_the_pod_has()
    {
        using var pod = NetworkNamespace.CreateTransient();
        using var home = await _worker.AskAsync(NetworkNamespace.Current);
        using var server = ListenInPodWithWideRange(pod);
        var scope = new NetworkScope(pod, home, 0);
        var dialler = await _worker.AskAsync(() => new Dialer(_worker.Worker, 1, TimeSpan.FromSeconds(1)));
        for (var i = 0; i < 64; i++)
        {
            var dialled = await _worker.RunAsync(() => dialler.ConnectAsync(scope, AddressOf("127.0.0.1"), server.Endpoint));
            Assert.Equal(SocketFault.None, dialled.Fault);
            Assert.InRange(dialled.Leg!.LocalEndpoint.Port, Dialer.LastInnerPort + 1, ushort.MaxValue);
            await _worker.DoAsync(dialled.Leg.Abort);
        }
    }

    private static Loopback ListenInPodWithWideRange(NetworkNamespace pod)
    {
        using var inside = pod.Enter();
        using var up = System.Diagnostics.Process.Start("ip", ["link", "set", "lo", "up"]);
        up.WaitForExit();
        File.WriteAllText("/proc/sys/net/ipv4/ip_local_port_range", "1024 65535");
        return new Loopback();
    }

    private async Task<Dialled> DialAsync(Endpoint remote, TimeSpan limit)
    {
        using var home = await _worker.AskAsync(NetworkNamespace.Current);
        var scope = new NetworkScope(home, home, 0);
        var dialler = await _worker.AskAsync(() => new Dialer(_worker.Worker, 1, limit));
        return await _worker.RunAsync(() => dialler.ConnectAsync(scope, AddressOf("127.0.0.1"), remote));
    }

    private async Task<string> ReadAsync(PlainLeg leg)
    {
        var buffer = new byte[64];
        var count = await _worker.RunAsync(() => leg.ReadAsync(buffer));
        return Encoding.Latin1.GetString(buffer, 0, count);
    }

    private static Address AddressOf(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);
}
