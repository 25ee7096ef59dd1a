using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Engine;

/// <summary>Whether a handshake may begin.</summary>
internal enum PlaceAnswer
{
    /// <summary>It may, and must say when it is over.</summary>
    Entered,

    /// <summary>Too many of the client's handshakes wait already.</summary>
    TooManyWait,

    /// <summary>For as long as a handshake may take, none with this server has succeeded.</summary>
    NoneSucceeds,

    /// <summary>Whoever waited is gone.</summary>
    GaveUp,
}

/// <summary>
/// How many handshakes of a client are under way with one server: as many as succeed in good time. Both ends count the limit
/// of a handshake from its connect on, so whoever waits does so before that: in a burst that the server's node is too slow
/// for, every connection is late and none is given up.
/// </summary>
/// <param name="timers">The worker's.</param>
/// <param name="time">The clock.</param>
/// <param name="limit">Of a handshake.</param>
internal sealed class HandshakePlaces(TimerWheel timers, TimeProvider time, TimeSpan limit)
{
    /// <summary>Under way at once before anything is known of the server.</summary>
    internal const int AtFirst = 16;

    /// <summary>Under way at once however slow the server is: perhaps it is only far away.</summary>
    internal const int Fewest = 8;

    /// <summary>Under way at once however quick the server is.</summary>
    internal const int Most = 128;

    private readonly TimeSpan _goodTime = limit / 4;
    private readonly Dictionary<(Address Client, Endpoint Server), Line> _lines = [];
    private readonly Dictionary<Address, int> _waiting = [];

    /// <summary>Handshakes of one client that may wait.</summary>
    internal int MostWaiting { get; init; } = HandshakeTurns.DefaultLimit;

    /// <summary>Handshakes that wait for a place now.</summary>
    internal int Waiting { get; private set; }

    /// <summary>Pairs of a client and a server between which handshakes are under way.</summary>
    internal int Pairs => _lines.Count;

    /// <summary>The place of one handshake.</summary>
    internal HandshakePlace Of(Address client, Endpoint server) => new(this, client, server);

    internal ValueTask<PlaceAnswer> EnterAsync(HandshakePlace place)
    {
        var line = place.Line = LineOf(place);
        if (line.HasRoom && line.Waiting.Count == 0)
        {
            Begin(place, line);
            return new ValueTask<PlaceAnswer>(PlaceAnswer.Entered);
        }

        if (_waiting.GetValueOrDefault(place.Client) >= MostWaiting)
            return new ValueTask<PlaceAnswer>(PlaceAnswer.TooManyWait);
        CountWaiting(place, 1);
        var wait = place.Wait = new Wait(place, () => EndPatience(place));
        line.Waiting.AddLast(wait.InLine);
        BeginPatience(place, wait);
        return wait.Entering.Arm();
    }

    internal void Leave(HandshakePlace place, bool? succeeded)
    {
        var line = place.Line!;
        line.UnderWay--;
        if (succeeded is { } hasSucceeded)
            Learn(line, place.Since, hasSucceeded);
        Admit(line);
        if (line is { UnderWay: 0, IsAdmitting: false })
            _lines.Remove((place.Client, place.Server));
    }

    // Slower for one that took long, and not again for those that had begun before that was known.
    private void Learn(Line line, long since, bool succeeded)
    {
        if (succeeded)
            line.LastSuccess = time.GetTimestamp();
        if (time.GetElapsedTime(since) <= _goodTime)
        {
            line.Width = succeeded ? Math.Min(line.Width + 1, Most) : line.Width;
        }
        else if (since >= line.NarrowedAt)
        {
            line.Width = Math.Max(line.Width / 2, Fewest);
            line.NarrowedAt = time.GetTimestamp();
        }
    }

    // One that fails at once leaves within this: its place is given away by the loop, not by a deeper call for each.
    private void Admit(Line line)
    {
        if (line.IsAdmitting)
            return;
        line.IsAdmitting = true;
        while (line.HasRoom && line.Waiting.First?.Value is { } next)
        {
            var wait = LeaveLine(next);
            Begin(next, line);
            wait.Entering.Complete(PlaceAnswer.Entered);
        }

        line.IsAdmitting = false;
    }

    private void Begin(HandshakePlace place, Line line)
    {
        line.UnderWay++;
        place.Since = time.GetTimestamp();
    }

    private void BeginPatience(HandshakePlace place, Wait wait)
    {
        place.Since = time.GetTimestamp();
        timers.Schedule(wait.Patience, limit);
    }

    // A server that lets somebody in is worth waiting for, however long the line is.
    private void EndPatience(HandshakePlace place)
    {
        if (place.Line!.LastSuccess >= place.Since)
            BeginPatience(place, place.Wait!);
        else
            Dismiss(place, PlaceAnswer.NoneSucceeds);
    }

    internal void Dismiss(HandshakePlace place, PlaceAnswer answer) => LeaveLine(place).Entering.Complete(answer);

    private Wait LeaveLine(HandshakePlace place)
    {
        var wait = place.Wait!;
        place.Wait = null;
        timers.Cancel(wait.Patience);
        place.Line!.Waiting.Remove(wait.InLine);
        CountWaiting(place, -1);
        return wait;
    }

    private void CountWaiting(HandshakePlace place, int change)
    {
        Waiting += change;
        var count = _waiting.GetValueOrDefault(place.Client) + change;
        if (count == 0)
            _waiting.Remove(place.Client);
        else
            _waiting[place.Client] = count;
    }

    private Line LineOf(HandshakePlace place)
    {
        var key = (place.Client, place.Server);
        if (!_lines.TryGetValue(key, out var line))
            _lines.Add(key, line = new Line());
        return line;
    }

    /// <summary>There for as long as a handshake is under way.</summary>
    internal sealed class Line
    {
        internal LinkedList<HandshakePlace> Waiting { get; } = new();

        internal int UnderWay { get; set; }

        internal int Width { get; set; } = AtFirst;

        internal bool HasRoom => UnderWay < Width;

        internal bool IsAdmitting { get; set; }

        /// <summary>By the clock's timestamps, as all times here.</summary>
        internal long LastSuccess { get; set; } = long.MinValue;

        internal long NarrowedAt { get; set; } = long.MinValue;
    }

    /// <summary>Of one handshake.</summary>
    internal sealed class Wait(HandshakePlace place, Action onNoPatience)
    {
        internal Completion<PlaceAnswer> Entering { get; } = new();

        internal LinkedListNode<HandshakePlace> InLine { get; } = new(place);

        /// <summary>Ends the wait for a server with which nobody succeeds.</summary>
        internal WheelTimer Patience { get; } = new(onNoPatience);
    }
}

/// <summary>One handshake's place: waited for before it connects, and left when it is over.</summary>
internal sealed class HandshakePlace(HandshakePlaces places, Address client, Endpoint server)
{
    internal Address Client => client;

    internal Endpoint Server => server;

    internal HandshakePlaces.Line? Line { get; set; }

    /// <summary>Only of who waits.</summary>
    internal HandshakePlaces.Wait? Wait { get; set; }

    /// <summary>When it began; before that, since when somebody must have succeeded.</summary>
    internal long Since { get; set; }

    /// <summary>Waits for as long as others succeed. Only who has entered may, and must, leave.</summary>
    internal ValueTask<PlaceAnswer> EnterAsync() => places.EnterAsync(this);

    /// <summary>Waits no longer.</summary>
    internal void GiveUp()
    {
        if (Wait is not null)
            places.Dismiss(this, PlaceAnswer.GaveUp);
    }

    /// <param name="succeeded">Null: there was no handshake after all.</param>
    internal void Leave(bool? succeeded) => places.Leave(this, succeeded);
}
