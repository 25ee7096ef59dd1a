using Proxy.Engine;

namespace Proxy.Tests.Engine;

/// <summary>Readers that stop in the middle of a transfer, and what they may take.</summary>
public sealed class StalledReaderTests : IDisposable
{
    private const int Limit = 3;
    private const int AtLeast = 16 << 20;

    private readonly TestWorker _worker = new(buffers: new BufferPool { Limit = Limit });
    private readonly Loopback _loopback = new(receiveBuffer: 16 * 1024);
    private int _ended;

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Theory]
    [InlineData(Limit - 1)]
    [InlineData(Limit)]
    [InlineData(Limit + 2)]
    public async Task As_many_stall_as_there_are_buffers_and_the_longest_stalled_end_for_the_others(int count)
    {
        var rigs = new List<(Peer Reader, Peer Writer, Task<bool> Relay)>();
        for (var i = 0; i < count; i++)
        {
            rigs.Add(await RelayAsync());
            await Patience.OnThread(() => rigs[i].Writer.Fill(AtLeast));
            await _worker.SettleAsync();
        }

        Assert.Equal(Math.Min(count, Limit), await _worker.AskAsync(() => _worker.Worker.Buffers.Rented));
        Assert.Equal(Math.Max(count - Limit, 0), _ended);
        Assert.All(rigs[..^Math.Min(count, Limit)], rig => Assert.True(rig.Relay.IsCompleted));
        Assert.All(rigs[^Math.Min(count, Limit)..], rig => Assert.False(rig.Relay.IsCompleted));
    }

    [Fact]
    public async Task While_they_stall_another_connection_has_its_answer()
    {
        for (var i = 0; i < Limit; i++)
        {
            var (_, writer, _) = await RelayAsync();
            await Patience.OnThread(() => writer.Fill(AtLeast));
        }

        var quiet = await RelayAsync();
        quiet.Writer.Send("ping");
        quiet.Reader.Expect("ping");
        Assert.Equal(1, await _worker.AskAsync(() => _ended));
        Assert.False(quiet.Relay.IsCompleted);
    }

    private async Task<(Peer Reader, Peer Writer, Task<bool> Relay)> RelayAsync()
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        void End(RelayEnd end)
        {
            Assert.Equal(RelayEnd.NoBuffer, end);
            _ended++;
            clientLeg.Abort();
            serverLeg.Abort();
        }

        return (client, server, _worker.RunAsync(() => Relay.RunAsync(_worker.Worker, clientLeg, serverLeg, new RelayWatch(_worker.Worker, RelayLimits.None, End))));
    }
}
