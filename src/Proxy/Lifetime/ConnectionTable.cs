namespace Proxy.Lifetime;

/// <summary>The live connections of one worker. A connection is in it before it is judged, so that no change can miss it.</summary>
internal sealed class ConnectionTable
{
    private readonly List<LiveConnection> _connections = [];
    private readonly Dictionary<LiveConnection, int> _positions = [];

    internal int Count => _connections.Count;

    internal Entry Register(LiveConnection connection)
    {
        _positions.Add(connection, _connections.Count);
        _connections.Add(connection);
        return new Entry(this, connection);
    }

    /// <summary>
    /// Visits every connection; the visitor may cut it, which may end and remove it. A visitor's bug concerns that
    /// one connection: whoever comes after it is visited all the same.
    /// </summary>
    internal void ForEach(Action<LiveConnection> visit, Action<LiveConnection, Exception> onFault)
    {
        // From the back: a removed connection's place is taken by one that was visited already.
        for (var i = _connections.Count - 1; i >= 0; i = Math.Min(i, _connections.Count) - 1)
            Visit(_connections[i], visit, onFault);
    }

    private static void Visit(LiveConnection connection, Action<LiveConnection> visit, Action<LiveConnection, Exception> onFault)
    {
        try
        {
            visit(connection);
        }
#pragma warning disable CA1031 // one connection's bug must not end the others
        catch (Exception e)
#pragma warning restore CA1031
        {
            onFault(connection, e);
        }
    }

    private void Remove(LiveConnection connection)
    {
        if (!_positions.Remove(connection, out var position))
            return;
        var last = _connections[^1];
        _connections.RemoveAt(_connections.Count - 1);
        if (ReferenceEquals(last, connection))
            return;
        _connections[position] = last;
        _positions[last] = position;
    }

    internal readonly struct Entry(ConnectionTable table, LiveConnection connection) : IDisposable
    {
        /// <summary>However the story ended, no leg of the connection outlives it.</summary>
        public void Dispose()
        {
            table.Remove(connection);
            connection.Abort();
        }
    }
}
