namespace Architecture.Tests;

public class ArchitectureTests
{
    private const int LongestFile = 400;

    [Fact]
    public void Files_use_only_the_rooms_that_their_room_may_use() =>
        AssertNone(SourceTree.Sources.SelectMany(file => RoomRules.Usings(file, SourceTree.Rooms)));

    [Fact]
    public void Files_name_only_the_rooms_that_their_room_may_use() =>
        AssertNone(SourceTree.Sources.SelectMany(file => RoomRules.QualifiedNames(file, SourceTree.Rooms)));

    [Fact]
    public void Rooms_do_not_name_what_lies_above_them()
    {
        var rootTypes = DocumentRules.DeclaredTypes(SourceTree.Sources.Where(file => file.Room == "Proxy"));
        AssertNone(SourceTree.Sources
            .Where(file => file.Path.StartsWith("src/Proxy/", StringComparison.Ordinal))
            .SelectMany(file => RoomRules.RootTypes(file, SourceTree.Rooms, rootTypes)));
    }

    [Fact]
    public void Rooms_use_one_another_in_one_direction() => AssertNone(RoomRules.Cycles(SourceTree.Rooms));

    [Fact]
    public void The_folder_is_the_namespace() =>
        AssertNone(SourceTree.Sources.SelectMany(RoomRules.Namespaces));

    [Fact]
    public void Words_stay_in_their_rooms() =>
        AssertNone(SourceTree.Sources.SelectMany(WordRules.Violations));

    [Fact]
    public void Every_folder_of_the_process_is_a_room_of_the_table() =>
        Assert.DoesNotContain(SourceTree.Sources, file => SourceTree.Rooms.Find(file.Room) is null);

    [Fact]
    public void Every_room_of_the_table_has_files_a_purpose_a_front_door_and_tests() =>
        Assert.All(SourceTree.Rooms.Rooms, room =>
        {
            var files = SourceTree.Sources.Where(file => file.Room == room.Name).ToList();
            Assert.True(files.Count > 0, $"{room.Name} has no files");
            Assert.NotEmpty(room.Purpose);
            Assert.NotEmpty(room.FrontDoor);
            Assert.Empty(room.FrontDoor.Except(DocumentRules.DeclaredTypes(files)));
            Assert.All(room.Tests, tests => Assert.True(Directory.Exists(Path.Combine(SourceTree.Root, tests)), tests));
            Assert.All(room.MayUse, other => Assert.NotNull(SourceTree.Rooms.Find(other)));
        });

    [Fact]
    public void Policy_references_no_package_but_the_yaml_reader()
    {
        var project = SourceTree.ReadText("src/Proxy.Policy/Proxy.Policy.csproj");
        Assert.Empty(ProjectRules.ForeignPackages(project, ["YamlDotNet"]));
        Assert.Empty(ProjectRules.References(project));
        Assert.False(ProjectRules.AllowsUnsafe(project));
    }

    [Fact]
    public void Spiffe_references_no_project_and_has_no_unsafe_code()
    {
        var project = SourceTree.ReadText("src/Proxy.Spiffe/Proxy.Spiffe.csproj");
        Assert.Empty(ProjectRules.References(project));
        Assert.False(ProjectRules.AllowsUnsafe(project));
    }

    [Fact]
    public void What_the_documentation_names_exists()
    {
        var identifiers = DocumentRules.Identifiers(SourceTree.Sources.Concat(SourceTree.Tests)
            .Where(file => !file.Path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal)));
        AssertNone(SourceTree.Documents.SelectMany(document =>
            DocumentRules.MissingNames(document.Value, identifiers).Select(name => $"{document.Key}: {name}")));
    }

    [Fact]
    public void No_file_is_too_long_to_read() =>
        AssertNone(SourceTree.Sources.Concat(SourceTree.Tests)
            .Where(file => file.LineCount >= LongestFile)
            .Select(file => $"{file.Path}: {file.LineCount} lines"));

    // Assert.Empty would show five of them, cut short.
    private static void AssertNone(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
