using System.Text.RegularExpressions;

namespace Architecture.Tests;

/// <summary>The table of rooms as ARCHITECTURE.md gives it.</summary>
internal sealed partial class RoomTable
{
    private const int Columns = 5;

    private readonly Dictionary<string, Room> _rooms;

    private RoomTable(IEnumerable<Room> rooms) => _rooms = rooms.ToDictionary(room => room.Name);

    public IReadOnlyCollection<Room> Rooms => _rooms.Values;

    public static RoomTable Parse(string document) => new(document.Split('\n')
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Trim().Trim('|').Split('|'))
        .Select(cells => cells.Length == Columns
            ? new Room(Ticked(cells[0]).Single(), cells[1].Trim(), Ticked(cells[2]), Ticked(cells[3]), Ticked(cells[4]))
            : throw new FormatException($"not {Columns} columns: {string.Join('|', cells)}")));

    public Room? Find(string name) => _rooms.GetValueOrDefault(name);

    /// <summary>The room of a namespace; null when it is none of ours.</summary>
    public string? RoomOf(string @namespace)
    {
        var parts = @namespace.Split('.');
        if (parts[0] != "Proxy")
            return null;

        if (parts.Length == 1)
            return "Proxy";

        var library = $"Proxy.{parts[1]}";
        return _rooms.ContainsKey(library) ? library : _rooms.ContainsKey(parts[1]) ? parts[1] : "Proxy";
    }

    public bool MayUse(string room, string other) =>
        room == other || (Find(room)?.MayUse.Contains(other) ?? false);

    private static List<string> Ticked(string cell) =>
        [.. Backticks().Matches(cell).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Backticks();
}

/// <summary>One row.</summary>
internal sealed record Room(
    string Name, string Purpose, IReadOnlyList<string> FrontDoor, IReadOnlyList<string> MayUse, IReadOnlyList<string> Tests);
