using System.Security.Cryptography;
using Proxy.Engine;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Engine;

/// <summary>Applications on both ends of a relay, with TLS on either leg.</summary>
public sealed class RelayTests : IDisposable
{
    private const int Bulk = 64 * 1024 * 1024;

    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();
    private readonly TestPki _pki = new();

    public static TheoryData<bool, bool> Legs => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
        _pki.Dispose();
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task Bulk_passes_both_ways_at_once_unchanged(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        var up = Patience.OnThread(() => SendBulk(rig.Client, 1));
        var down = Patience.OnThread(() => SendBulk(rig.Server, 2));
        var atServer = Patience.OnThread(() => HashToEnd(rig.Server));
        var atClient = Patience.OnThread(() => HashToEnd(rig.Client));

        Assert.Equal(await up, await atServer);
        Assert.Equal(await down, await atClient);
        Assert.True(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task An_upload_is_answered_after_its_end(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        rig.Client.Send("upload");
        rig.Client.End();
        Assert.Equal("upload", rig.Server.ReceiveToEnd());
        rig.Server.Send("answer");
        rig.Server.End();
        Assert.Equal("answer", rig.Client.ReceiveToEnd());
        Assert.True(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task A_server_may_speak_and_end_first(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        rig.Server.Send("220 ready");
        rig.Client.Expect("220 ready");
        rig.Server.End();
        rig.Client.ExpectEnd();
        rig.Client.Send("still heard");
        rig.Client.End();
        Assert.Equal("still heard", rig.Server.ReceiveToEnd());
        Assert.True(await rig.Relay);
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task A_reset_by_the_client_resets_the_server(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        rig.Client.Send("x");
        rig.Server.Expect("x");
        rig.Client.Reset();
        rig.Server.ExpectReset();
        Assert.False(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task A_reset_by_the_server_resets_the_client(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        rig.Client.Send("x");
        rig.Server.Expect("x");
        rig.Server.Reset();
        rig.Client.ExpectReset();
        Assert.False(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task A_reset_in_mid_transfer_is_never_an_end(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        var sending = Patience.OnThread(() => Assert.ThrowsAny<IOException>(() => SendBulk(rig.Server, 3)));
        rig.Client.ReceiveExactly(new byte[1024 * 1024]);
        rig.Client.Reset();
        await sending;
        Assert.False(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task An_end_of_TCP_inside_TLS_is_a_truncation_and_resets(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        var (cutting, other) = clientTls ? (rig.Client, rig.Server) : (rig.Server, rig.Client);
        cutting.Send("half of it");
        other.Expect("half of it");
        cutting.EndSocket();
        other.ExpectReset();
        Assert.False(await rig.Relay);
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task A_client_that_does_not_read_stops_the_server_and_holds_one_buffer(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        if (!serverTls)
            Assert.InRange(rig.Server.Fill(256L * 1024 * 1024), 1, 64L * 1024 * 1024);
        Assert.InRange(await _worker.AskAsync(() => _worker.Worker.Buffers.Rented), 0, 2);
        rig.Client.Reset();
        Assert.False(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public async Task An_idle_connection_holds_no_buffer(bool clientTls, bool serverTls)
    {
        var rig = await ConnectAsync(clientTls, serverTls);
        rig.Client.Send("ping");
        rig.Server.Expect("ping");
        rig.Server.Send("pong");
        rig.Client.Expect("pong");
        await AssertNothingHeldAsync();
        rig.Client.Reset();
        await rig.Relay;
    }

    [Fact]
    public async Task A_bulk_transfer_does_not_starve_a_conversation()
    {
        var bulk = await ConnectAsync(clientTls: false, serverTls: true);
        var talk = await ConnectAsync(clientTls: false, serverTls: false);
        var up = Patience.OnThread(() => SendBulk(bulk.Client, 1));
        var atServer = Patience.OnThread(() => HashToEnd(bulk.Server));
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 50; i++)
        {
            var start = TimeProvider.System.GetTimestamp();
            talk.Client.Send("ping");
            talk.Server.Expect("ping");
            talk.Server.Send("pong");
            talk.Client.Expect("pong");
            var took = TimeProvider.System.GetElapsedTime(start);
            slowest = took > slowest ? took : slowest;
        }

        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(await up, await atServer);
        bulk.Client.Reset();
        talk.Client.Reset();
    }

    [Fact]
    public async Task A_busy_lane_yields_within_its_budget()
    {
        // It always has more: a source that is waited for lets others go first by that, and two runs would count as one.
        var source = new CountingLeg(_worker.Worker) { Chunks = (10 * Lane.Budget) + 1 };
        var sink = new CountingLeg(_worker.Worker);
        Assert.True(await _worker.RunAsync(() => Lane.RunAsync(_worker.Worker, source, sink)));
        Assert.Equal(Lane.Budget, sink.LongestRun);
    }

    private async Task<(Peer Client, Peer Server, Task<bool> Relay)> ConnectAsync(bool clientTls, bool serverTls)
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        Leg left = clientTls ? await _pki.SecureAsClientOfAsync(_worker, clientLeg, client) : clientLeg;
        Leg right = serverTls ? await _pki.SecureAsServerOfAsync(_worker, serverLeg, server) : serverLeg;
        return (client, server, _worker.RunAsync(() => Relay.RunAsync(_worker.Worker, left, right)));
    }

    private async Task AssertNothingHeldAsync()
    {
        await _worker.SettleAsync();
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Buffers.Rented));
        Assert.Empty(_worker.Faults);
    }

    private static string SendBulk(Peer peer, int seed)
    {
        var random = new Random(seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[100_000];
        for (var left = Bulk; left > 0; left -= chunk.Length)
        {
            random.NextBytes(chunk);
            var part = chunk.AsSpan(0, Math.Min(left, chunk.Length));
            hash.AppendData(part);
            peer.Send(part);
        }

        peer.End();
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static string HashToEnd(Peer peer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[100_000];
        for (int count; (count = peer.Receive(buffer)) > 0;)
            hash.AppendData(buffer.AsSpan(0, count));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Takes everything at once, and counts how much of it came in one turn of the worker.</summary>
    private sealed class CountingLeg : Leg
    {
        private readonly Worker _worker;
        private int _run;

        public CountingLeg(Worker worker) => _worker = worker;

        public int LongestRun { get; private set; }

        /// <summary>What there is to be read.</summary>
        public int Chunks { get; set; }

        internal override Action? OnReset { get; set; }

        internal override ValueTask WaitAsync() => default;

        internal override ValueTask<int> ReadAsync(Memory<byte> buffer) => new(Chunks-- > 0 ? buffer.Length : 0);

        internal override ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            if (_run++ == 0)
                _worker.Defer(() => _run = 0);
            LongestRun = Math.Max(LongestRun, _run);
            return new(true);
        }

        internal override ValueTask<bool> EndAsync() => new(true);

        internal override void Close()
        {
        }

        internal override void Abort()
        {
        }
    }
}
