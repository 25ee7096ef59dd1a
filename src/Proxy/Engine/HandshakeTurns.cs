using Proxy.Policy;

namespace Proxy.Engine;

/// <summary>
/// Shares the worker's time for handshakes. A step of one costs about a millisecond, a thousand times what a chunk
/// costs: so the clients take turns, one step in each pass of the worker's loop, and a flood of one client's handshakes
/// delays everybody else by one step. Of one client, what has begun goes before what is new: otherwise none would end.
/// </summary>
internal sealed class HandshakeTurns
{
    /// <summary>More would not get through within the handshake's time-out.</summary>
    internal const int DefaultLimit = 4096;

    private readonly Dictionary<Address, Line> _lines = [];
    private readonly Queue<Line> _round = new();

    /// <summary>New handshakes of one client that may wait for their turn.</summary>
    internal int Limit { get; init; } = DefaultLimit;

    /// <summary>Steps that wait for their turn now.</summary>
    internal int Waiting { get; private set; }

    /// <summary>The turns of one handshake of a client.</summary>
    internal HandshakeTurn Of(Address client) => new(this, client);

    /// <summary>True when it is the client's turn to take a step; false, at once, when too many of its handshakes wait.</summary>
    internal ValueTask<bool> NextAsync(Address client, bool hasBegun)
    {
        var line = LineOf(client);
        if (!hasBegun && line.New.Count >= Limit)
            return new ValueTask<bool>(false);
        if (line.Count == 0)
            _round.Enqueue(line);
        Waiting++;
        var turn = new Completion<bool>();
        (hasBegun ? line.Begun : line.New).Enqueue(turn);
        return turn.Arm();
    }

    /// <summary>Lets the next client take one step.</summary>
    internal void Advance()
    {
        if (!_round.TryDequeue(out var line))
            return;
        Waiting--;
        var turn = line.Begun.Count > 0 ? line.Begun.Dequeue() : line.New.Dequeue();
        if (line.Count > 0)
            _round.Enqueue(line);
        else
            _lines.Remove(line.Client);
        turn.Complete(true);
    }

    private Line LineOf(Address client)
    {
        if (!_lines.TryGetValue(client, out var line))
            _lines.Add(client, line = new Line(client));
        return line;
    }

    private sealed class Line(Address client)
    {
        internal Address Client => client;

        internal Queue<Completion<bool>> Begun { get; } = new();

        internal Queue<Completion<bool>> New { get; } = new();

        internal int Count => Begun.Count + New.Count;
    }
}

/// <summary>The steps of one handshake, each in its client's turn. A client takes the first before it connects, a server when bytes have come.</summary>
internal sealed class HandshakeTurn(HandshakeTurns turns, Address client)
{
    private bool _hasBegun;

    /// <summary>The client had too many handshakes waiting.</summary>
    internal bool IsRefused { get; private set; }

    internal async ValueTask<bool> NextAsync()
    {
        IsRefused = !await turns.NextAsync(client, _hasBegun);
        _hasBegun = true;
        return !IsRefused;
    }
}
