using System.Text;
using Proxy.Policy.Documents;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

/// <summary>One wrong byte anywhere: never an exception, and never a wider policy by way of a refusal.</summary>
public sealed class ManifestFuzzTests
{
    private const int Seed = 20261122;
    private static readonly byte[] Indicators = "\n \t:-[]{}'\"#&*!|>%@`,?~\\0a"u8.ToArray();

    [Fact]
    public void One_byte_replaced_inserted_or_removed()
    {
        var original = Encoding.UTF8.GetBytes(StarWarsRequired + "\nstatus: {x: \"\\u0041\", y: 'it''s', z: |\n  block\n, w: [a, ~]}\n");
        var random = new Random(Seed);
        for (var at = 0; at < original.Length; at++)
        {
            for (var round = 0; round < 24; round++)
                Try(Mutate(original, at, random));
        }
    }

    [Fact]
    public void Random_pieces_of_YAML()
    {
        string[] pieces = ["a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "!t ", "|", ">", "'", "\"", "\\", "#", "---\n", "...\n", "? ", "%YAML 1.2\n", "<<", "~", "\t", "kind: List\nitems:\n", "spec:\n", "\\x", "\\U"];
        var random = new Random(Seed);
        for (var round = 0; round < 20_000; round++)
            Try(Encoding.UTF8.GetBytes(string.Concat(random.GetItems(pieces, random.Next(1, 40)))));
    }

    private static byte[] Mutate(byte[] original, int at, Random random)
    {
        var before = original.AsSpan(0, at);
        var wrong = random.Next(4) == 0 ? (byte)random.Next(256) : Indicators[random.Next(Indicators.Length)];
        return random.Next(3) switch
        {
            0 => [.. before, wrong, .. original.AsSpan(at)],
            1 => [.. before, .. original.AsSpan(at + 1)],
            _ => [.. before, wrong, .. original.AsSpan(at + 1)],
        };
    }

    private static void Try(byte[] bytes)
    {
        var file = ManifestReader.Read("f", bytes);
        Assert.True(file.Faults.Count == 0 || file.Documents.Count == 0);
        Assert.All(file.Faults, fault => Assert.DoesNotContain(fault.ToString(), char.IsControl));

        PolicyDocument[] documents = [.. file.Documents.Select(PolicyParser.Parse)];
        var isClosing = documents.Any(document => document is { IsRefused: true, Kind: "CiliumNetworkPolicy" or "CiliumClusterwideNetworkPolicy" });
        var verdict = PolicySnapshot.Compile(documents).Ask(XWing);
        Assert.True(!isClosing || documents.Length > 1 || !documents[0].IsRefused || verdict.Reason != VerdictReason.Allowed);
    }
}
