using Proxy.Engine;

namespace Proxy.Tests.Engine;

public class BufferPoolTests
{
    private readonly BufferPool _pool = new() { Limit = 3 };
    private readonly List<LaneBuffer> _lanes = [];
    private readonly List<int> _ended = [];

    [Fact]
    public void Below_and_at_the_limit_nobody_is_ended()
    {
        for (var i = 0; i < 3; i++)
            AddLane().Take();
        Assert.Equal(3, _pool.Rented);
        Assert.Empty(_ended);
    }

    [Fact]
    public void Above_it_those_end_that_have_not_moved_on_for_the_longest()
    {
        for (var i = 0; i < 3; i++)
            AddLane().Take();
        _lanes[0].Take();
        AddLane().Take();
        AddLane().Take();
        Assert.Equal([1, 2], _ended);
        Assert.Equal((3, 2), (_pool.Rented, _pool.Ended));
    }

    [Fact]
    public void Who_gave_its_buffer_back_is_not_ended()
    {
        for (var i = 0; i < 3; i++)
            AddLane().Take();
        _lanes[0].Release();
        _lanes[0].Release();
        AddLane().Take();
        Assert.Empty(_ended);
        _lanes[0].Take();
        Assert.Equal([1], _ended);
    }

    [Fact]
    public void Where_nobody_can_be_ended_there_is_one_too_many()
    {
        var buffers = Enumerable.Range(0, 3).Select(_ => _pool.Rent()).ToList();
        new LaneBuffer(_pool, holder: null).Take();
        AddLane().Take();
        Assert.Equal(5, _pool.Rented);
        buffers.ForEach(_pool.Return);
        Assert.Equal((2, 0), (_pool.Rented, _pool.Ended));
    }

    [Theory]
    [InlineData(1, 1, 31)]
    [InlineData(512, 2, 8184)]
    [InlineData(1, 256, 1)]
    public void Each_worker_has_its_share(int mebibytes, int workers, int expected) =>
        Assert.Equal(expected, BufferPool.CountOf(mebibytes, workers));

    [Fact]
    public void It_is_the_workload_that_holds_the_most_whose_lane_ends()
    {
        AddLane("quiet").Take();
        AddLane("flooder").Take();
        AddLane("flooder").Take();
        AddLane("other").Take();
        AddLane("other").Take();
        Assert.Equal([1, 3], _ended);
        AddLane("late").Take();
        Assert.Equal([1, 3, 0], _ended);
    }

    [Fact]
    public void Of_two_that_hold_as_much_it_is_the_lane_that_stalls_the_longest()
    {
        AddLane("one").Take();
        AddLane("two").Take();
        AddLane("three").Take();
        _lanes[0].Take();
        AddLane("four").Take();
        Assert.Equal([1], _ended);
    }

    [Fact]
    public void Who_holds_much_and_gives_it_back_is_no_longer_the_one()
    {
        AddLane("one").Take();
        AddLane("two").Take();
        AddLane("two").Take();
        _lanes[1].Release();
        _lanes[2].Release();
        AddLane("one").Take();
        AddLane("three").Take();
        AddLane("three").Take();
        Assert.Equal([0], _ended);
        Assert.Equal(_pool.Limit, _pool.Rented);
    }

    [Fact]
    public void Workloads_that_came_and_went_are_forgotten_and_those_that_hold_something_are_not()
    {
        AddLane("first").Take();
        for (var i = 0; i < 1000; i++)
        {
            var lane = AddLane($"workload {i}");
            lane.Take();
            lane.Release();
        }

        Assert.InRange(_pool.Known, 2, 65);
        _lanes[1].Take();
        _lanes[2].Take();
        Assert.Empty(_ended);
        AddLane("late").Take();
        Assert.Equal([0], _ended);
    }

    private LaneBuffer AddLane(string workload = "one")
    {
        var number = _lanes.Count;
        _lanes.Add(new LaneBuffer(_pool, new BufferHolder(workload, () =>
        {
            _ended.Add(number);
            _lanes[number].Release();
        })));
        return _lanes[number];
    }
}
