using Proxy.Engine;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Tests.Engine;

public sealed class HandshakePlacesTests
{
    private const int MostWaiting = 300;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_slow = s_limit / 2;
    private static readonly Address s_client = Address.FromBytes([10, 0, 0, 1]);
    private static readonly Address s_other = Address.FromBytes([10, 0, 0, 2]);
    private static readonly Endpoint s_server = new(Address.FromBytes([10, 0, 1, 1]), 80);

    private readonly ManualTime _time = new();
    private readonly TimerWheel _timers;
    private readonly HandshakePlaces _places;
    private readonly Queue<HandshakePlace> _underWay = new();
    private readonly List<PlaceAnswer> _refused = [];

    public HandshakePlacesTests()
    {
        _timers = new TimerWheel(_time);
        _places = new HandshakePlaces(_timers, _time, s_limit) { MostWaiting = MostWaiting };
    }

    [Fact]
    public void What_comes_at_once_begins_as_others_end()
    {
        Enter(100);
        Assert.Equal((HandshakePlaces.AtFirst, 100 - HandshakePlaces.AtFirst), (_underWay.Count, _places.Waiting));
        var ended = EndAll();
        Assert.Equal((100, 0), (ended, _places.Waiting));
        Assert.Empty(_refused);
        Assert.Equal((0, 0), (_places.Pairs, _timers.Pending));
    }

    [Fact]
    public void A_quick_server_is_given_more_at_once_and_not_beyond_a_bound()
    {
        Enter(MostWaiting);
        for (var i = 0; i < HandshakePlaces.AtFirst; i++)
            EndOne();
        Assert.Equal(2 * HandshakePlaces.AtFirst, _underWay.Count);
        for (var i = 0; i < MostWaiting; i++)
        {
            EndOne();
            Enter(1);
        }

        Assert.Equal(HandshakePlaces.Most, _underWay.Count);
    }

    [Fact]
    public void A_slow_server_is_given_fewer_at_once_and_not_below_a_bound()
    {
        Enter(MostWaiting);
        for (var turn = 0; turn < 4; turn++)
        {
            Pass(s_slow);
            for (var i = _underWay.Count; i > 0; i--)
                EndOne();
        }

        Assert.Equal(HandshakePlaces.Fewest, _underWay.Count);
        Assert.Empty(_refused);
    }

    [Fact]
    public void Those_that_began_together_make_it_slower_once()
    {
        Enter(MostWaiting);
        for (var i = 0; i < 3 * HandshakePlaces.AtFirst; i++)
            EndOne();
        Assert.Equal(4 * HandshakePlaces.AtFirst, _underWay.Count);
        Pass(s_slow);
        for (var i = 4 * HandshakePlaces.AtFirst; i > 0; i--)
            EndOne();
        Assert.Equal(2 * HandshakePlaces.AtFirst, _underWay.Count);
    }

    [Fact]
    public void However_long_it_takes_nobody_is_given_up_while_others_succeed()
    {
        Enter(MostWaiting);
        var ended = 0;
        for (; _underWay.Count > 0; ended++)
        {
            Pass(s_slow);
            EndOne();
        }

        Assert.Equal(MostWaiting, ended);
        Assert.Empty(_refused);
    }

    [Fact]
    public void When_nobody_succeeds_for_the_limit_all_who_wait_are_given_up()
    {
        Enter(100);
        Pass(s_limit / 2);
        Enter(1);
        Pass(s_limit / 2);
        Assert.Equal(Enumerable.Repeat(PlaceAnswer.NoneSucceeds, 100 - HandshakePlaces.AtFirst), _refused);
        Assert.Equal(1, _places.Waiting);
        for (var i = 0; i < HandshakePlaces.AtFirst; i++)
            EndOne(succeeded: false);
        Assert.Equal((1, 0), (_underWay.Count, _places.Waiting));
    }

    [Fact]
    public void A_place_that_is_not_used_says_nothing_of_the_server()
    {
        Enter(MostWaiting);
        for (var i = 0; i < HandshakePlaces.AtFirst; i++)
            _underWay.Dequeue().Leave(succeeded: null);
        Assert.Equal(HandshakePlaces.AtFirst, _underWay.Count);
        Pass(s_limit);
        Assert.Equal(0, _places.Waiting);
        Assert.Equal(Enumerable.Repeat(PlaceAnswer.NoneSucceeds, _refused.Count), _refused);
    }

    [Fact]
    public void One_server_s_line_is_nobody_else_s()
    {
        Enter(100);
        Enter(1, server: s_server with { Port = 81 });
        Enter(1, client: s_other);
        Assert.Equal(HandshakePlaces.AtFirst + 2, _underWay.Count);
    }

    [Fact]
    public void So_many_of_a_client_wait_as_may_whatever_their_servers_and_the_next_is_refused()
    {
        Enter(HandshakePlaces.AtFirst + (MostWaiting / 2));
        Enter(HandshakePlaces.AtFirst + (MostWaiting / 2), server: s_server with { Port = 81 });
        Assert.Equal((MostWaiting, 0), (_places.Waiting, _refused.Count));
        Enter(1);
        Enter(HandshakePlaces.AtFirst + 1, client: s_other);
        Assert.Equal([PlaceAnswer.TooManyWait], _refused);
        Assert.Equal(MostWaiting + 1, _places.Waiting);
    }

    [Fact]
    public void Who_is_gone_leaves_the_line()
    {
        Enter(HandshakePlaces.AtFirst);
        var gone = _places.Of(s_client, s_server);
        Wait(gone);
        Enter(1);
        gone.GiveUp();
        gone.GiveUp();
        Assert.Equal([PlaceAnswer.GaveUp], _refused);
        Assert.Equal(1, _places.Waiting);
        Assert.Equal(HandshakePlaces.AtFirst + 1, EndAll());
        Assert.Equal((0, 0), (_places.Pairs, _timers.Pending));
    }

    // Each is resumed by the end of the one before: a call in a call for each would overflow the stack.
    [Fact]
    public void A_line_of_those_that_fail_at_once_is_gone_through_in_a_loop()
    {
        var places = new HandshakePlaces(_timers, _time, s_limit) { MostWaiting = 100_000 };
        Enter(HandshakePlaces.AtFirst, places);
        var left = 0;
        for (var i = 0; i < 100_000; i++)
            _ = LeaveAtOnceAsync(places.Of(s_client, s_server), () => left++).AsTask();
        EndOne();
        Assert.Equal((100_000, 0), (left, places.Waiting));
        while (_underWay.Count > 0)
            EndOne();
        Assert.Equal(0, places.Pairs);
    }

    private static async ValueTask LeaveAtOnceAsync(HandshakePlace place, Action onLeft)
    {
        Assert.Equal(PlaceAnswer.Entered, await place.EnterAsync());
        onLeft();
        place.Leave(succeeded: false);
    }

    private void Enter(int count, HandshakePlaces? places = null, Address? client = null, Endpoint? server = null)
    {
        for (var i = 0; i < count; i++)
            Wait((places ?? _places).Of(client ?? s_client, server ?? s_server));
    }

    private void Wait(HandshakePlace place) => _ = WaitAsync(place).AsTask();

    private async ValueTask WaitAsync(HandshakePlace place)
    {
        var answer = await place.EnterAsync();
        if (answer == PlaceAnswer.Entered)
            _underWay.Enqueue(place);
        else
            _refused.Add(answer);
    }

    private void EndOne(bool succeeded = true) => _underWay.Dequeue().Leave(succeeded);

    private int EndAll()
    {
        var ended = 0;
        for (; _underWay.Count > 0; ended++)
            EndOne();
        return ended;
    }

    private void Pass(TimeSpan time)
    {
        _time.Advance(time + (2 * TimerWheel.Tick));
        // As the worker does in each pass: so many fire in one.
        for (var i = 0; i < 1 + (MostWaiting / TimerWheel.FireBatch); i++)
            _timers.Advance();
    }
}
