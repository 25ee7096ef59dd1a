using Proxy.Engine;
using Proxy.Policy;

namespace Proxy.Tests.Engine;

public class HandshakeTurnsTests
{
    private static readonly Address s_flood = Address.FromBytes([10, 0, 0, 1]);
    private static readonly Address s_quiet = Address.FromBytes([10, 0, 0, 2]);

    private readonly HandshakeTurns _turns = new() { Limit = 3 };
    private readonly List<string> _order = [];

    [Fact]
    public void Clients_take_turns_however_many_handshakes_one_of_them_has()
    {
        for (var i = 0; i < 3; i++)
            Wait(s_flood, $"flood {i}");
        Wait(s_quiet, "quiet");
        Advance(4);
        Assert.Equal(["flood 0", "quiet", "flood 1", "flood 2"], _order);
        Assert.Equal(0, _turns.Waiting);
    }

    [Fact]
    public void What_has_begun_goes_before_what_is_new()
    {
        Wait(s_flood, "new");
        Wait(s_flood, "begun", hasBegun: true);
        Advance(2);
        Assert.Equal(["begun", "new"], _order);
    }

    [Fact]
    public async Task As_many_new_ones_of_a_client_wait_as_may_and_the_next_is_refused()
    {
        for (var i = 0; i < 3; i++)
            Wait(s_flood, "new");
        Assert.False(await _turns.NextAsync(s_flood, hasBegun: false));
        Wait(s_flood, "begun", hasBegun: true);
        Wait(s_quiet, "quiet");
        Assert.Equal(5, _turns.Waiting);
        Advance(5);
        Assert.Equal(5, _order.Count);
        Wait(s_flood, "again");
        Assert.Equal(1, _turns.Waiting);
    }

    [Fact]
    public void Nobody_waiting_is_nothing_to_do()
    {
        Advance(1);
        Wait(s_quiet, "first");
        Advance(2);
        Wait(s_quiet, "second");
        Advance(1);
        Assert.Equal(["first", "second"], _order);
    }

    private void Wait(Address client, string name, bool hasBegun = false) => _ = WaitAsync(client, name, hasBegun).AsTask();

    private async ValueTask WaitAsync(Address client, string name, bool hasBegun)
    {
        Assert.True(await _turns.NextAsync(client, hasBegun));
        _order.Add(name);
    }

    private void Advance(int times)
    {
        for (var i = 0; i < times; i++)
            _turns.Advance();
    }
}
