using System.Text;
using Proxy.Policy.Documents;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

public sealed class ManifestReaderTests
{
    [Fact]
    public void Nodes_know_their_place()
    {
        var root = Assert.Single(Read("a: 1\nb:\n  - x: y\n  - 'null'\n  - ~\n'k.8/s': {}\n").Documents).Root;
        var items = Assert.IsType<ManifestSequence>(root["b"]).Items;
        var inner = Assert.IsType<ManifestMapping>(items[0]);

        Assert.Equal((3, 8, "b[0].x"), (inner["x"]!.Line, inner["x"]!.Column, inner["x"]!.Path));
        Assert.Equal((true, false), (((ManifestScalar)items[1]).IsQuoted, ((ManifestScalar)items[1]).IsNull));
        Assert.True(((ManifestScalar)items[2]).IsNull);
        Assert.Equal("['k.8/s']", root["k.8/s"]!.Path);
        Assert.Null(root["c"]);
    }

    [Theory]
    [InlineData("a: [\n", 2)]
    [InlineData("a: 1\n b: 2\n", 2)]
    [InlineData("a: 1\nb: 'x\n", 2)]
    [InlineData("a: 1\na: 2\n", 2)]
    [InlineData("x:\n  a: 1\n  \"a\": 2\n", 3)]
    [InlineData("a: &x 1\nb: *x\n", 2)]
    [InlineData("a: &x {c: d}\nb:\n  <<: *x\n", 3)]
    [InlineData("a: !!binary aGk=\n", 1)]
    [InlineData("a: !x {}\n", 1)]
    [InlineData("- a\n", 1)]
    [InlineData("text\n", 1)]
    [InlineData("{a: b}: c\n", 1)]
    [InlineData("[a]: c\n", 1)]
    [InlineData("a: 1\nb: \"\\uD800\"\n", 2)]
    [InlineData("a: 1\nb: \"\\UFFFFFFFF\"\n", 2)]
    [InlineData("a: 1\nb: x\0\n---\nc: d\n", 2)]
    [InlineData("a: 1\nb: \u0007\n", 2)]
    [InlineData("kind: List\nitems: {}\n", 2)]
    [InlineData("kind: List\nitems:\n- a\n", 3)]
    [InlineData("kind: PodList\nitems:\n- metadata: {}\n", 3)]
    public void A_file_with_a_fault_yields_its_line_and_no_document(string text, int line)
    {
        var file = Read("first: document\n---\n" + text);

        Assert.Empty(file.Documents);
        Assert.Equal(("test.yaml", line + 2), (Assert.Single(file.Faults).File, file.Faults[0].Line));
        Assert.NotEmpty(file.Faults[0].Reason);
    }

    [Fact]
    public void Lists_are_expanded_in_order_and_paths_start_anew()
    {
        var file = Read("""
            kind: List
            items:
            - {kind: A, metadata: {name: a, namespace: n}}
            - {kind: PodList, items: [{kind: B}, {kind: C, spec: {x: 1}}]}
            ---
            kind: D
            ---
            ---
            kind: List
            items: []
            """);

        Assert.Equal(["A", "B", "C", "D"], file.Documents.Select(document => document.Kind));
        Assert.Equal(("a", "n", ""), (file.Documents[0].Name, file.Documents[0].Namespace, file.Documents[0].ApiVersion));
        Assert.Equal("spec.x", ((ManifestMapping)file.Documents[2].Root["spec"]!)["x"]!.Path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n# only a comment\n")]
    [InlineData("---\n---\n...\n")]
    public void An_empty_file_is_no_fault(string text)
    {
        Assert.Empty(Read(text).Faults);
        Assert.Empty(Read(text).Documents);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped_and_UTF16_is_refused()
    {
        Assert.Single(ManifestReader.Read("f", "\uFEFFkind: A\n"u8.ToArray()).Documents);
        Assert.Single(ManifestReader.Read("f", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("kind: A")).ToArray()).Faults);
    }

    [Theory]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF0, 0x9F })]
    public void Invalid_UTF8_is_refused_with_its_place(byte[] bytes)
    {
        var file = ManifestReader.Read("f", "a: 1\nb: "u8.ToArray().Concat(bytes).ToArray());

        Assert.Equal((2, 4), (Assert.Single(file.Faults).Line, file.Faults[0].Column));
    }

    [Theory]
    [InlineData(ManifestReader.MaxDepth - 1, false)]
    [InlineData(ManifestReader.MaxDepth, false)]
    [InlineData(ManifestReader.MaxDepth + 1, true)]
    [InlineData(1_000_000, true)]
    public void Depth_is_bounded(int depth, bool isRefused)
    {
        var text = "a: " + new string('[', depth - 1) + new string(']', depth - 1);
        var block = string.Concat(Enumerable.Range(0, Math.Min(depth, 2000)).Select(i => new string(' ', i) + "a:\n"));

        Assert.Equal(isRefused, Read(text).Faults.Count == 1);
        Assert.Equal(isRefused, Read(block).Faults.Count == 1);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void The_number_of_values_is_bounded(int beyond, bool isRefused)
    {
        // The root, its key, the sequence and its items.
        var items = ManifestReader.MaxNodes - 3 + beyond;
        var text = new StringBuilder("a: [").Insert(4, "b,", items).Append(']').ToString();

        Assert.Equal(isRefused, Read(text).Faults.Count == 1);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void The_size_is_bounded_and_one_huge_scalar_is_read(int beyond, bool isRefused)
    {
        var bytes = new byte[ManifestReader.MaxBytes + beyond];
        bytes.AsSpan().Fill((byte)'x');
        "a: "u8.CopyTo(bytes);

        Assert.Equal(isRefused, ManifestReader.Read("f", bytes).Faults.Count == 1);
    }

    [Fact]
    public void An_alias_bomb_costs_nothing()
    {
        var bomb = "a0: &a0 [x]\n" + string.Concat(Enumerable.Range(1, 50).Select(i => $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n"));

        Assert.Contains("aliases", Assert.Single(Read(bomb).Faults).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_is_one_line_whatever_the_manifest_says()
    {
        var name = "\"a\\nb\\e[31m" + new string('x', 5000) + "\"";
        var faults = Parse(StarWars.Replace("name: sw", $"name: {name}, {name}: 1", StringComparison.Ordinal))[0].Faults;

        Assert.All(faults, fault => Assert.DoesNotContain(fault.ToString(), char.IsControl));
        Assert.All(faults, fault => Assert.InRange(fault.ToString().Length, 10, 500));
    }

    [Theory]
    [InlineData("spec: {endpointSelector: {}, ingress: [{}], ingress: []}", "spec.ingress", "written twice")]
    [InlineData("spec: {}\nspec: {}", "spec", "written twice")]
    [InlineData("spec: {endpointSelector: &a {}, ingress: [{fromEndpoints: [*a]}]}", "spec.ingress[0].fromEndpoints", "aliases")]
    [InlineData("spec: {endpointSelector: &a {}, ingress: *a}", "spec.ingress", "aliases")]
    [InlineData("spec: {endpointSelector: &a {}, <<: {x: y}}", "spec", "merge keys")]
    [InlineData("spec: {endpointSelector: !x {}, ingress: [{}]}", "spec.endpointSelector", "tags")]
    [InlineData("spec: {endpointSelector: {}, ingress: [!!int 5]}", "spec.ingress", "tags")]
    public void A_fault_of_form_refuses_its_document_and_no_other_of_the_file(string body, string path, string reason)
    {
        var good = OnDeathStar("[{fromEndpoints: [{}]}]", "good");
        var bad = $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: bad, namespace: other}}\n{body}";
        var text = $"{good}\n---\n{bad}\n---\n{good}";
        var list = "kind: List\nitems:\n" + string.Concat(new[] { good, bad, good }.Select(Item));

        foreach (var file in new[] { text, list }.Select(each => ManifestReader.ReadEach("test.yaml", Encoding.UTF8.GetBytes(each))))
        {
            Assert.Empty(file.Faults);
            PolicyDocument[] documents = [.. file.Documents.Select(PolicyParser.Parse)];
            Assert.Equal([false, true, false], documents.Select(document => document.IsRefused));
            Assert.Contains(documents[1].Faults, fault => fault.Path == path && fault.Reason.Contains(reason, StringComparison.Ordinal) && fault.Document == "CiliumNetworkPolicy other/bad");
            var snapshot = PolicySnapshot.Compile(documents);
            Assert.True(snapshot.Ask(TieFighter).IsAllowed);
            Assert.Equal(VerdictReason.DocumentRefused, snapshot.Ask(TieFighter, subject: Elsewhere).Reason);
        }

        Assert.Single(Read(text).Faults);
    }

    [Theory]
    [InlineData("kind: Pod\nkind: CiliumNetworkPolicy\n")]
    [InlineData("apiVersion: !x v1\nkind: Pod\n")]
    [InlineData("a: &a {kind: Pod}\n<<: *a\n")]
    [InlineData("kind: List\nitems: []\nitems: []\n")]
    [InlineData("kind: List\nx: [&a b, *a]\nitems: []\n")]
    [InlineData("a: &a b\n*a : c\n")]
    public void A_fault_that_leaves_open_what_a_document_is_refuses_the_file(string text)
    {
        var file = ManifestReader.ReadEach("test.yaml", Encoding.UTF8.GetBytes($"kind: A\n---\n{text}"));

        Assert.Single(file.Faults);
        Assert.Empty(file.Documents);
    }

    private static string Item(string document) => "- " + document.Replace("\n", "\n  ", StringComparison.Ordinal) + "\n";
}
