using System.Text;
using Proxy.Policy.Matching;
using Proxy.Policy.Tests.Matching;

namespace Fuzz.Targets;

/// <summary>What expressions mean: the input draws one, and texts for it; another matcher says which of them match.</summary>
internal static class PatternTargets
{
    private const int Texts = 8;

    public static FuzzTarget Meanings { get; } = new("pattern-meanings", CheckMeaning)
    {
        MaxLength = 256,
        Seeds =
        [
            [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 37))],
            [.. Enumerable.Range(0, 128).Select(i => (byte)(i * i))],
            new byte[32],
        ],
    };

    private static void CheckMeaning(byte[] input)
    {
        var at = 0;
        int Draw(int below) => at < input.Length ? input[at++] % below : below - 1;
        var drawn = new RandomPattern(Draw);
        var piece = drawn.Next();
        if (!HttpPattern.TryCreate(piece.Text, out var pattern, out var fault))
        {
            Oracle.Holds(fault.Reason.Contains("too large", StringComparison.Ordinal) || fault.Reason.Contains("longer", StringComparison.Ordinal), $"'{piece.Text}' is refused: {fault.Reason}");
            return;
        }

        for (var i = 0; i < Texts; i++)
        {
            var text = drawn.NextText();
            Oracle.Same($"{piece.Matches(text)}", $"{pattern.Matches(Encoding.ASCII.GetBytes(text))}", $"'{piece.Text}' and '{text}'");
        }
    }
}
