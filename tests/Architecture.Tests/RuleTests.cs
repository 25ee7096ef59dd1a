namespace Architecture.Tests;

/// <summary>The rules find what is planted; a rule that finds nothing proves nothing.</summary>
public class RuleTests
{
    private static readonly RoomTable Rooms = RoomTable.Parse("""
        | room | purpose | front door | may use | tests |
        |---|---|---|---|---|
        | `Proxy` | all | `A` | `Cluster`, `Engine`, `Proxy.Policy` | `tests` |
        | `Cluster` | pods | `A` | `Proxy.Policy` | `tests` |
        | `Engine` | bytes | `A` | | `tests` |
        | `Proxy.Policy` | rules | `A` | | `tests` |
        """);

    [Theory]
    [InlineData("src/Proxy/Cluster/A.cs", "using Proxy.Engine;", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "using Proxy.Policy.Labels;", 0)]
    [InlineData("src/Proxy/Cluster/A.cs", "using static Proxy.Engine.Lane;", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "using L = Proxy.Engine.Lane;", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "using L = global::Proxy.Engine.Lane<int>;", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "// using Proxy.Engine;", 0)]
    [InlineData("src/Proxy/Cluster/A.cs", "using Proxy.Cluster.Parts;\nusing System;", 0)]
    [InlineData("src/Proxy/Cluster/A.cs", "using Proxy;", 1)]
    [InlineData("src/Proxy/Cluster/Parts/A.cs", "using Proxy.Engine;", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "global using System;", 1)]
    [InlineData("src/Proxy/Outbound.cs", "using Proxy.Engine;", 0)]
    [InlineData("src/Proxy.Policy/A.cs", "using Proxy.Cluster;", 1)]
    [InlineData("src/Proxy.Policy/Labels/A.cs", "using Proxy.Policy.Documents;", 0)]
    [InlineData("src/Proxy/Cluster/A.cs", "using var lane = new Lane();", 0)]
    public void A_using_of_a_forbidden_room_is_found(string path, string code, int violations) =>
        Assert.Equal(violations, RoomRules.Usings(new SourceFile(path, code), Rooms).Count());

    [Theory]
    [InlineData("Engine.Lane lane;", 1)]
    [InlineData("var lane = new Proxy.Engine.Lane();", 1)]
    [InlineData("global::Proxy.Engine.Lane lane;", 1)]
    [InlineData("snapshot.Engine.Find();", 0)]
    [InlineData("Policy.Labels.LabelSet set;", 0)]
    [InlineData("var text = \"Engine.Lane\"; // Engine.Lane", 0)]
    [InlineData("Workload.Find();", 0)]
    public void A_qualified_name_of_a_forbidden_room_is_found(string code, int violations) =>
        Assert.Equal(violations, RoomRules.QualifiedNames(new SourceFile("src/Proxy/Cluster/A.cs", code), Rooms).Count());

    [Theory]
    [InlineData("src/Proxy/Cluster/A.cs", "new Daemon();", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "status.Daemon.Find(); // Daemon", 0)]
    [InlineData("src/Proxy/A.cs", "new Daemon();", 0)]
    public void A_type_of_the_root_named_in_a_room_is_found(string path, string code, int violations) =>
        Assert.Equal(violations, RoomRules.RootTypes(new SourceFile(path, code), Rooms, new HashSet<string> { "Daemon" }).Count());

    [Fact]
    public void Rooms_that_lead_back_to_themselves_are_found()
    {
        var rooms = RoomTable.Parse("""
            | `A` | a | `X` | `B` | `tests` |
            | `B` | b | `X` | `C`, `D` | `tests` |
            | `C` | c | `X` | `A` | `tests` |
            | `D` | d | `X` | | `tests` |
            """);

        Assert.Equal(["A", "B", "C"], RoomRules.Cycles(rooms));
        Assert.Empty(RoomRules.Cycles(Rooms));
    }

    [Theory]
    [InlineData("src/Proxy/Cluster/A.cs", "namespace Proxy.Cluster;", 0)]
    [InlineData("src/Proxy/A.cs", "namespace Proxy;", 0)]
    [InlineData("src/Proxy.Policy/Labels/A.cs", "namespace Proxy.Policy.Labels;", 0)]
    [InlineData("src/Proxy/Cluster/A.cs", "namespace Proxy.Engine;", 1)]
    [InlineData("src/Proxy/Cluster/A.cs", "namespace Proxy;", 1)]
    public void A_namespace_of_another_folder_is_found(string path, string code, int violations) =>
        Assert.Equal(violations, RoomRules.Namespaces(new SourceFile(path, code)).Count());

    [Theory]
    [InlineData("Engine", "[LibraryImport(\"c\")]", 1)]
    [InlineData("Native", "[LibraryImport(\"c\")]", 0)]
    [InlineData("Engine", "Marshal.GetLastPInvokeError();", 1)]
    [InlineData("Engine", "MemoryMarshal.GetReference(span);", 0)]
    [InlineData("Kernel", "unsafe { }", 1)]
    [InlineData("Tls", "unsafe { }", 0)]
    [InlineData("Cluster", "using Yarp.ReverseProxy;", 1)]
    [InlineData("Capture", "using Microsoft.AspNetCore.Http;", 1)]
    [InlineData("Admin", "using Microsoft.AspNetCore.Http;", 0)]
    [InlineData("Engine", "using k8s.Models;", 1)]
    [InlineData("Cluster", "using YamlDotNet.Core;", 1)]
    [InlineData("Cluster", "var now = DateTime.UtcNow;", 1)]
    [InlineData("Cluster", "var now = DateTimeOffset.UtcNow;", 1)]
    [InlineData("Cluster", "var now = System.DateTime.Now;", 1)]
    [InlineData("Cluster", "var watch = Stopwatch.StartNew();", 1)]
    [InlineData("Cluster", "var now = time.GetUtcNow(); // not DateTime.UtcNow", 0)]
    public void A_word_in_the_wrong_room_is_found(string room, string code, int violations) =>
        Assert.Equal(violations, WordRules.Violations(new SourceFile($"src/Proxy/{room}/A.cs", code)).Count());

    [Fact]
    public void A_violation_names_file_and_line() => Assert.Equal(
        ["src/Proxy/Cluster/A.cs:3: Cluster may not use Engine"],
        RoomRules.Usings(new SourceFile("src/Proxy/Cluster/A.cs", "/* one\n two */\nusing Proxy.Engine;\n"), Rooms));

    [Theory]
    [InlineData("a // b\nc", "a     \nc")]
    [InlineData("a /* b\n */ c", "a     \n    c")]
    [InlineData("""x = "a\"b" + y""", "x =        + y")]
    [InlineData("""x = @"a""b\" + y""", "x =          + y")]
    [InlineData("x = \"\"\"a\"b\nc\"\"\" + y", "x =       \n     + y")]
    [InlineData("x = '\"'; y", "x =    ; y")]
    [InlineData("x = \"open", "x =      ")]
    [InlineData("// end", "      ")]
    public void Comments_and_literals_are_blanked(string source, string code) => Assert.Equal(code, CodeText.Of(source));

    [Fact]
    public void A_package_a_reference_and_unsafe_code_are_found()
    {
        const string Project = """
            <Project><PropertyGroup><AllowUnsafeBlocks>true</AllowUnsafeBlocks></PropertyGroup>
            <ItemGroup><PackageReference Include="YamlDotNet" /><PackageReference Include="Polly" />
            <ProjectReference Include="../Other.csproj" /></ItemGroup></Project>
            """;

        Assert.Equal(["Polly"], ProjectRules.ForeignPackages(Project, ["YamlDotNet"]));
        Assert.Equal(["../Other.csproj"], ProjectRules.References(Project));
        Assert.True(ProjectRules.AllowsUnsafe(Project));
    }

    [Fact]
    public void A_name_in_the_documentation_that_is_nowhere_in_the_code_is_found()
    {
        var code = new SourceFile("src/Proxy/A.cs", "internal sealed class FlowRing { const string Kind = \"EndpointThing\"; }");
        const string Document = "`FlowRing`, `FlowRing.Write()`, `EndpointThing`, `ConfigMap`, `RouteInfo`, `RouteInfo<T>`, `make demo`, `Lane`";

        Assert.Equal(["RouteInfo"], DocumentRules.MissingNames(Document, DocumentRules.Identifiers([code])));
        Assert.Equal(["FlowRing"], DocumentRules.DeclaredTypes([code]));
    }
}
