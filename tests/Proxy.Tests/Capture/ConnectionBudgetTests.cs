using Proxy.Capture;

namespace Proxy.Tests.Capture;

public class ConnectionBudgetTests
{
    [Theory]
    [InlineData(3, 1000, 0, 3)]
    [InlineData(1000, 6, 0, 3)]
    [InlineData(1000, 7, 0, 3)]
    [InlineData(1000, 27, 20, 3)]
    [InlineData(1000, 20, 20, 0)]
    [InlineData(1000, -5, 0, 0)]
    public void There_are_as_many_connections_as_the_option_and_the_descriptors_allow(int most, long descriptors, int ofPods, int expected)
    {
        var budget = new ConnectionBudget(most, descriptors);
        budget.AddPod(ofPods);
        Assert.Equal(expected, budget.Limit);
        for (var i = 0; i < expected; i++)
            Assert.True(budget.TryEnter());
        Assert.False(budget.TryEnter());
        Assert.Equal((expected, 1), (budget.Connections, budget.Refused));
    }

    [Fact]
    public void Who_leaves_makes_room_and_so_does_a_pod_that_is_gone()
    {
        var budget = new ConnectionBudget(1000, 14);
        budget.AddPod(10);
        Assert.True(budget.TryEnter());
        Assert.True(budget.TryEnter());
        Assert.False(budget.TryEnter());
        budget.Leave();
        Assert.True(budget.TryEnter());
        budget.RemovePod(10);
        Assert.Equal(7, budget.Limit);
    }

    [Fact]
    public void A_tunnel_rests_only_on_a_descriptor_that_no_connection_needs()
    {
        var budget = new ConnectionBudget(1000, 4);
        Assert.True(budget.TryRest());
        Assert.Equal(1, budget.Limit);
        Assert.True(budget.TryEnter());
        Assert.False(budget.TryRest());
        budget.EndRest();
        Assert.Equal(2, budget.Limit);
    }

    [Fact]
    public void The_limit_holds_when_several_workers_count_at_once()
    {
        var budget = new ConnectionBudget(100, int.MaxValue);
        var entered = 0;
        Parallel.For(0, 10_000, _ =>
        {
            if (budget.TryEnter())
                Interlocked.Increment(ref entered);
        });
        Assert.Equal((100, 100), (entered, budget.Connections));
        Assert.Equal(9_900, budget.Refused);
    }
}
