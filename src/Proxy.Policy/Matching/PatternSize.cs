namespace Proxy.Policy.Matching;

/// <summary>
/// How large a pattern becomes with its counted repetitions written out. Automata of nested counted repetitions cost
/// seconds for one text (<c>((a?){30}){30}</c>: 7 s for 8,000 letters), so both size and nesting are bounded.
/// </summary>
internal readonly record struct PatternSize(long Size, long Loops, long Nested, bool IsCounted)
{
    /// <summary>The most single characters and classes an expression may stand for; Envoy's default is a tenth of it.</summary>
    public const int MaxSize = 1000;

    /// <summary>The most repetitions of any kind: states are sets of them (<c>(.*a){333}</c>: 1 s for 8,000 letters).</summary>
    public const int MaxLoops = 100;

    /// <summary>The most characters and classes that may stand in counts that lie in one another.</summary>
    public const int MaxNested = 100;

    public bool IsTooLarge => Size > MaxSize || Loops > MaxLoops || Nested > MaxNested;

    public static PatternSize Of(PatternNode node) => node switch
    {
        PatternSequence sequence => Of(sequence.Parts),
        PatternChoice choice => Of(choice.Branches),
        PatternRepeat repeat => OfRepeat(repeat),
        _ => new PatternSize(1, 0, 0, false),
    };

    private static PatternSize Of(IReadOnlyList<PatternNode> parts)
    {
        var all = default(PatternSize);
        foreach (var part in parts)
            all = all.With(Of(part));
        return all;
    }

    private static PatternSize OfRepeat(PatternRepeat repeat)
    {
        var body = Of(repeat.Body);
        var count = Math.Max(repeat.Least, repeat.Most ?? 0);
        return count <= 1 ? body with { Loops = body.Loops + 1 } : body.Times(count);
    }

    // At most 1,000 per level and 100 levels could leave 64 bits: what is too large stays so.
    private PatternSize Times(int count) =>
        IsTooLarge ? this : new(Size * count, (Loops * count) + 1, IsCounted ? Size * count : 0, true);

    private PatternSize With(PatternSize next) =>
        new(Size + next.Size, Loops + next.Loops, Nested + next.Nested, IsCounted || next.IsCounted);
}
