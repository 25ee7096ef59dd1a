using System.Globalization;
using System.Text;

namespace Proxy.Policy.Matching;

/// <summary>Writes an expression with the few means that all engines read alike, for .NET's.</summary>
internal static class PatternText
{
    /// <summary>Matches whole texts only.</summary>
    public static string Of(PatternNode node)
    {
        var text = new StringBuilder("\\A(?:");
        Append(text, node);
        return text.Append(")\\z").ToString();
    }

    private static void Append(StringBuilder text, PatternNode node)
    {
        switch (node)
        {
            case PatternSet set:
                set.Characters.AppendTo(text);
                break;
            case PatternSequence sequence:
                foreach (var part in sequence.Parts)
                    AppendPart(text, part);
                break;
            case PatternChoice choice:
                AppendBranches(text, choice.Branches);
                break;
            case PatternRepeat repeat:
                AppendPart(text, repeat.Body);
                AppendCounts(text, repeat);
                break;
            case PatternEdge edge:
                text.Append(WordFor(edge.Kind));
                break;
        }
    }

    private static void AppendBranches(StringBuilder text, IReadOnlyList<PatternNode> branches)
    {
        for (var i = 0; i < branches.Count; i++)
        {
            if (i > 0)
                text.Append('|');
            Append(text, branches[i]);
        }
    }

    private static void AppendPart(StringBuilder text, PatternNode part)
    {
        if (part is PatternSet)
        {
            Append(text, part);
            return;
        }

        text.Append("(?:");
        Append(text, part);
        text.Append(')');
    }

    // .NET folds "(?:a+|)+" into "a+". What may be empty may be so each time, so that none of them need be written.
    private static void AppendCounts(StringBuilder text, PatternRepeat repeat) => text.Append((IsNullable(repeat.Body) ? 0 : repeat.Least, repeat.Most) switch
    {
        (0, null) => "*",
        (1, null) => "+",
        (0, 1) => "?",
        (var least, null) => string.Create(CultureInfo.InvariantCulture, $"{{{least},}}"),
        (var least, var most) => string.Create(CultureInfo.InvariantCulture, $"{{{least},{most}}}"),
    });

    // A place is not: where it does not hold, nothing matches.
    private static bool IsNullable(PatternNode node) => node switch
    {
        PatternSequence sequence => sequence.Parts.All(IsNullable),
        PatternChoice choice => choice.Branches.Any(IsNullable),
        PatternRepeat repeat => repeat.Least == 0 || IsNullable(repeat.Body),
        _ => false,
    };

    private static string WordFor(EdgeKind kind) => kind switch
    {
        EdgeKind.Start => "\\A",
        EdgeKind.End => "\\z",
        EdgeKind.WordBoundary => "\\b",
        _ => "\\B",
    };
}
