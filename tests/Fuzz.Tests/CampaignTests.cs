namespace Fuzz.Tests;

/// <summary>A fuzzer that finds nothing must be one that could have.</summary>
public sealed class CampaignTests
{
    [Fact]
    public void A_parser_that_throws_is_found_and_the_input_is_made_small()
    {
        var target = Target(input =>
        {
            if (input.AsSpan().IndexOf("BOOM"u8) >= 0)
                throw new InvalidOperationException("a bug");
        });
        var finding = Find(target);
        Assert.StartsWith("InvalidOperationException", finding.Kind, StringComparison.Ordinal);
        Assert.Equal("BOOM"u8, Shrinker.Shrink(target, finding).Input);
    }

    [Fact]
    public void A_broken_promise_is_found() =>
        Assert.Equal("no zero", Find(Target(input => Oracle.Holds(!input.Contains((byte)'0'), "no zero"))).Kind);

    [Fact]
    public void A_parser_that_takes_too_long_is_found()
    {
        var slow = Target(input => SpinWait.SpinUntil(() => false, input.Length > 40 ? 20 : 0)) with { Limit = TimeSpan.FromMilliseconds(10) };
        Assert.Equal("slow", Find(slow).Kind);
    }

    [Fact]
    public void What_lies_around_an_input_is_not_read()
    {
        var honest = Surroundings.Same([1, 2], bytes => Convert.ToHexString(bytes.Span));
        Assert.Equal("0102", honest);
        Assert.Throws<OracleBroken>(() => Surroundings.Same([1, 2], bytes =>
        {
            System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var whole);
            return Convert.ToHexString(whole.Array!);
        }));
    }

    [Fact]
    public void One_seed_gives_the_same_inputs()
    {
        List<byte[]> Inputs(int seed)
        {
            var seen = new List<byte[]>();
            new Campaign(Target(seen.Add), seed).Run([], tried => tried < 200);
            return seen;
        }

        Assert.Equal(Inputs(5), Inputs(5));
        Assert.NotEqual(Inputs(5), Inputs(6));
    }

    private static FuzzTarget Target(Action<byte[]> check) => new("test", check)
    {
        Seeds = FuzzTargets.Bytes("a line 12\nand another one\n"),
        Words = FuzzTargets.Bytes("BO", "OM"),
    };

    private static Finding Find(FuzzTarget target) =>
        new Campaign(target, 1).Run([], tried => tried < 200_000) ?? throw new InvalidOperationException("nothing found");
}
