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
            Assert.Equal(Admission.Admitted, budget.TryEnter(1));
        Assert.Equal(Admission.ProcessIsFull, budget.TryEnter(1));
        Assert.Equal((expected, 1), (budget.Connections, budget.Refused));
    }

    [Fact]
    public void Who_leaves_makes_room_and_so_does_a_pod_that_is_gone()
    {
        var budget = new ConnectionBudget(1000, 14);
        budget.AddPod(10);
        Assert.Equal(Admission.Admitted, budget.TryEnter(1));
        Assert.Equal(Admission.Admitted, budget.TryEnter(1));
        Assert.Equal(Admission.ProcessIsFull, budget.TryEnter(1));
        budget.Leave();
        Assert.Equal(Admission.Admitted, budget.TryEnter(1));
        budget.RemovePod(10);
        Assert.Equal(7, budget.Limit);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(10, 5)]
    [InlineData(11, 6)]
    public void A_workload_may_have_as_many_as_are_free_for_the_others(int limit, int share)
    {
        var budget = new ConnectionBudget(limit, int.MaxValue);
        Assert.Equal(share, budget.Share);
        Assert.Equal(share, Flood(budget));
        Assert.Equal((limit - share, 1), (budget.Free, budget.Refused));
    }

    [Fact]
    public void However_many_flood_there_is_room_for_the_next_workload()
    {
        var budget = new ConnectionBudget(1000, int.MaxValue);
        Assert.Equal([500, 250, 125, 63, 31], Enumerable.Range(0, 5).Select(_ => Flood(budget)));
        Assert.Equal((31, 16), (budget.Free, budget.Share));
    }

    [Fact]
    public void A_workload_that_has_more_than_its_share_by_now_gets_no_further_ones_until_it_has_less()
    {
        var budget = new ConnectionBudget(10, int.MaxValue);
        for (var i = 1; i <= 5; i++)
            Assert.Equal(Admission.Admitted, budget.TryEnter(i));
        Assert.Equal(Admission.Admitted, budget.TryEnter(1));
        budget.Leave();
        Assert.Equal(Admission.Admitted, budget.TryEnter(5));
        budget.Leave();
        Assert.Equal(Admission.Admitted, budget.TryEnter(2));
        Assert.Equal(Admission.WorkloadIsFull, budget.TryEnter(5));
    }

    [Fact]
    public void Another_nodes_tunnel_at_rest_takes_nothing_from_a_share()
    {
        var budget = new ConnectionBudget(4, int.MaxValue);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Admission.Admitted, budget.TryEnter(1));
            budget.BeginInboundRest();
        }

        Assert.Equal(4, budget.Free);
        Assert.Equal(2, Flood(budget));
        budget.EndInboundRest();
        Assert.False(budget.IsWithinShare(3));
    }

    [Fact]
    public void A_tunnel_rests_only_on_a_descriptor_that_no_connection_needs()
    {
        var budget = new ConnectionBudget(1000, 4);
        Assert.True(budget.TryRest());
        Assert.Equal(1, budget.Limit);
        Assert.Equal(Admission.Admitted, budget.TryEnter(1));
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
            if (budget.TryEnter(1) == Admission.Admitted)
                Interlocked.Increment(ref entered);
        });
        Assert.Equal((100, 100), (entered, budget.Connections));
        Assert.Equal(9_900, budget.Refused);
    }

    /// <summary>As many connections of one workload as may begin.</summary>
    private static int Flood(ConnectionBudget budget)
    {
        var count = 0;
        while (budget.TryEnter(count + 1) == Admission.Admitted)
            count++;
        return count;
    }
}
