using Proxy.Lifetime;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Lifetime;

public sealed class ConnectionTableTests : IDisposable
{
    private readonly ConnectionTable _table = new();
    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public void Everybody_registered_is_visited_once()
    {
        var all = Register(10);
        all[3].Entry.Dispose();
        all[9].Entry.Dispose();
        all[9].Entry.Dispose();
        var visited = new List<LiveConnection>();
        _table.ForEach(visited.Add, Fail);
        Assert.Equal(all.Where((_, index) => index is not (3 or 9)).Select(pair => pair.Connection).ToHashSet(), visited.ToHashSet());
        Assert.Equal((8, 8), (visited.Count, _table.Count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    public void Nobody_is_missed_while_visits_remove_themselves_and_others(int count)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var all = Register(count).ToDictionary(pair => pair.Connection, pair => pair.Entry);
            var gone = new HashSet<LiveConnection>();
            var visited = new HashSet<LiveConnection>();
            _table.ForEach(connection =>
            {
                visited.Add(connection);
                for (var i = random.Next(3); i > 0; i--)
                    Remove(all.Keys.ElementAt(random.Next(count)));
                if (random.Next(2) == 0)
                    Remove(connection);
            }, Fail);
            Assert.Empty(all.Keys.Except(visited).Except(gone));
            foreach (var entry in all.Values)
                entry.Dispose();
            Assert.Equal(0, _table.Count);

            void Remove(LiveConnection connection)
            {
                gone.Add(connection);
                all[connection].Dispose();
            }
        }
    }

    [Fact]
    public void A_visitors_bug_concerns_one_connection_only()
    {
        var all = Register(10);
        var (visited, faults) = (0, new List<(LiveConnection, string)>());
        _table.ForEach(
            connection =>
            {
                visited++;
                if (ReferenceEquals(connection, all[4].Connection))
                    throw new FormatException("a bug");
            },
            (connection, bug) => faults.Add((connection, bug.Message)));
        Assert.Equal(10, visited);
        Assert.Equal([(all[4].Connection, "a bug")], faults);
    }

    [Fact]
    public async Task A_cut_resets_both_legs_and_the_first_reason_stays()
    {
        var (client, clientPeer) = await _loopback.ConnectAsync(_worker);
        var (server, serverPeer) = await _loopback.ConnectAsync(_worker);
        var connection = new LiveConnection(default);
        await _worker.DoAsync(() =>
        {
            connection.AttachClient(client);
            connection.AttachServer(server);
            connection.Cut(OutcomeReason.PolicyChanged);
            connection.Cut(OutcomeReason.WorkloadChanged);
        });
        clientPeer.ExpectReset();
        serverPeer.ExpectReset();
        Assert.Equal(OutcomeReason.PolicyChanged, connection.CutReason);
    }

    [Fact]
    public async Task A_leg_that_comes_after_the_cut_is_reset_at_once()
    {
        var (server, peer) = await _loopback.ConnectAsync(_worker);
        var connection = new LiveConnection(default);
        await _worker.DoAsync(() =>
        {
            connection.Cut(OutcomeReason.PolicyChanged);
            connection.AttachServer(server);
        });
        peer.ExpectReset();
    }

    [Fact]
    public async Task No_leg_outlives_its_connections_entry()
    {
        var (client, clientPeer) = await _loopback.ConnectAsync(_worker);
        var (server, serverPeer) = await _loopback.ConnectAsync(_worker);
        var connection = new LiveConnection(default);
        await _worker.DoAsync(() =>
        {
            using var entry = _table.Register(connection);
            connection.AttachClient(client);
            connection.AttachServer(server);
        });
        clientPeer.ExpectReset();
        serverPeer.ExpectReset();
        Assert.Null(connection.CutReason);
    }

    [Fact]
    public async Task A_leg_that_was_closed_in_order_stays_so()
    {
        var (client, peer) = await _loopback.ConnectAsync(_worker);
        var connection = new LiveConnection(default);
        await _worker.RunAsync(client.EndAsync);
        await _worker.DoAsync(() =>
        {
            using var entry = _table.Register(connection);
            connection.AttachClient(client);
            client.Close();
        });
        peer.ExpectEnd();
    }

    private static void Fail(LiveConnection connection, Exception bug) => Assert.Fail(bug.ToString());

    private List<(LiveConnection Connection, ConnectionTable.Entry Entry)> Register(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => new LiveConnection(default)).Select(connection => (connection, _table.Register(connection)))];
}
