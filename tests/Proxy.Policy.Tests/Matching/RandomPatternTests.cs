using System.Text;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Tests.Matching;

public sealed class RandomPatternTests(ITestOutputHelper output)
{
    private const int Patterns = 3000;
    private const int TextsOfEach = 20;

    [Fact]
    public void Random_patterns_mean_what_RE2_says()
    {
        var seed = Environment.GetEnvironmentVariable("PATTERN_SEED") is { Length: > 0 } given
            ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"PATTERN_SEED={seed}");
        var random = new Random(seed);
        var drawn = new RandomPattern(random.Next);
        var matches = 0;
        for (var i = 0; i < Patterns; i++)
        {
            var piece = new RandomPattern(random.Next).Next();
            if (!HttpPattern.TryCreate(piece.Text, out var pattern, out var fault))
            {
                Assert.Contains("too large", fault.Reason, StringComparison.Ordinal);
                continue;
            }

            for (var t = 0; t < TextsOfEach; t++)
            {
                var text = drawn.NextText();
                var expected = piece.Matches(text);
                Assert.True(expected == pattern.Matches(Encoding.ASCII.GetBytes(text)), $"'{piece.Text}' and '{text}': {expected}");
                matches += expected ? 1 : 0;
            }
        }

        Assert.InRange(matches, 100, int.MaxValue);
    }
}
