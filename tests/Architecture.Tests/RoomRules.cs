using System.Text.RegularExpressions;

namespace Architecture.Tests;

/// <summary>Which room may name which. Every rule gives the violations, with file and line.</summary>
internal static partial class RoomRules
{
    public static IEnumerable<string> Usings(SourceFile file, RoomTable rooms) =>
        from Match line in UsingLine().Matches(file.Code)
        let room = rooms.RoomOf(line.Groups["name"].Value)
        let isGlobal = line.Groups["global"].Success
        where isGlobal || (room is not null && !rooms.MayUse(file.Room, room))
        select At(file, line, isGlobal ? "global using" : $"{file.Room} may not use {room}");

    public static IEnumerable<string> QualifiedNames(SourceFile file, RoomTable rooms)
    {
        var code = UsingLine().Replace(NamespaceLine().Replace(file.Code, Blank), Blank);
        return from Match name in QualifiedName().Matches(code)
               let full = name.Groups["full"].Success
               let text = name.Groups["room"].Value
               let room = rooms.RoomOf($"Proxy.{text}")
               where room != "Proxy" && (full || rooms.Find(text) is not null) && !rooms.MayUse(file.Room, room!)
               select At(file, name, $"{file.Room} may not name {name.Value}");
    }

    /// <summary>Types of the process' root, which every room sees without a `using`.</summary>
    public static IEnumerable<string> RootTypes(SourceFile file, RoomTable rooms, IReadOnlySet<string> rootTypes) =>
        from Match name in BareName().Matches(file.Code)
        where rootTypes.Contains(name.Value) && !rooms.MayUse(file.Room, "Proxy")
        select At(file, name, $"{file.Room} may not name {name.Value} of Proxy");

    /// <summary>Rooms that come back to themselves through what they may use.</summary>
    public static IEnumerable<string> Cycles(RoomTable rooms) =>
        rooms.Rooms.Select(room => room.Name).Where(name => ReachedFrom(name, rooms).Contains(name));

    public static IEnumerable<string> Namespaces(SourceFile file) =>
        from Match line in NamespaceLine().Matches(file.Code)
        let name = line.Groups["name"].Value
        where name != file.ExpectedNamespace
        select At(file, line, $"namespace {name} in the folder of {file.ExpectedNamespace}");

    private static HashSet<string> ReachedFrom(string name, RoomTable rooms)
    {
        var reached = new HashSet<string>();
        var next = new Stack<string>(rooms.Find(name)!.MayUse);
        while (next.TryPop(out var room))
        {
            if (!reached.Add(room))
                continue;

            foreach (var further in rooms.Find(room)?.MayUse ?? [])
                next.Push(further);
        }

        return reached;
    }

    private static string Blank(Match match) => new(' ', match.Length);

    private static string At(SourceFile file, Match match, string what) => $"{file.Path}:{file.LineOf(match.Index)}: {what}";

    [GeneratedRegex(
        @"^[ \t]*(?<global>global\s+)?using\s+(static\s+)?(\w+\s*=\s*)?(global::)?(?<name>[A-Za-z_][\w.]*)(<[^;]*>)?\s*;",
        RegexOptions.Multiline)]
    private static partial Regex UsingLine();

    [GeneratedRegex(@"^[ \t]*namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    // Not a member's name: those follow a dot.
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex BareName();

    // `Cluster.Workload` and `Proxy.Cluster.Workload`, but not a property's `snapshot.Cluster.Find`.
    [GeneratedRegex(@"(?<![\w.])(?<full>(global::)?Proxy\.)?(?<room>[A-Z]\w*)\.[A-Z]\w*")]
    private static partial Regex QualifiedName();
}
