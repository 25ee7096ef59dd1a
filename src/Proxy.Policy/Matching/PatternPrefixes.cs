using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Proxy.Policy.Matching;

/// <summary>A text, or a beginning of texts: then at least <paramref name="Rest"/> further characters follow it.</summary>
internal readonly record struct PatternPrefix(byte[] Text, int? Rest)
{
    public static PatternPrefix Empty { get; } = new([], null);

    /// <summary>A beginning, whatever follows.</summary>
    public bool IsOpen => Rest is not null;
}

/// <summary>
/// Finds the expressions that need no automaton, which are most: texts, beginnings (<c>/public/.*</c>), and choices of
/// them, written in whatever way (<c>/public(/.*)?(\?.*)?</c>).
/// </summary>
internal static class PatternPrefixes
{
    /// <summary>The most beginnings: each costs a comparison.</summary>
    public const int MaxCount = 1024;

    /// <summary>Their bytes together.</summary>
    public const int MaxBytes = 16 * 1024;

    public static bool TryFind(PatternNode node, [NotNullWhen(true)] out PatternPrefix[]? prefixes)
    {
        prefixes = Find(WithoutAnchors(node))?.DistinctBy(prefix => (Encoding.ASCII.GetString(prefix.Text), prefix.Rest)).ToArray();
        return prefixes is not null;
    }

    // What the whole match says anyway.
    private static PatternNode WithoutAnchors(PatternNode node) => node switch
    {
        PatternSequence sequence => WithoutAnchors(sequence.Parts),
        PatternChoice choice => new PatternChoice([.. choice.Branches.Select(WithoutAnchors)]),
        _ => node,
    };

    private static PatternSequence WithoutAnchors(IReadOnlyList<PatternNode> parts)
    {
        var (first, end) = (0, parts.Count);
        while (first < end && parts[first] is PatternEdge { Kind: EdgeKind.Start })
            first++;
        while (first < end && parts[end - 1] is PatternEdge { Kind: EdgeKind.End })
            end--;
        return new PatternSequence([.. parts.Skip(first).Take(end - first)]);
    }

    private static List<PatternPrefix>? Find(PatternNode node) => node switch
    {
        PatternSet { Characters: { Count: 1 } one } => [new PatternPrefix([(byte)one.Lowest], null)],
        PatternRepeat { Body: PatternSet { Characters: var set }, Most: null } repeat when set == CharacterSet.All => [new PatternPrefix([], repeat.Least)],
        PatternRepeat { Least: 0, Most: 1 } optional => Bounded(Find(optional.Body)?.Prepend(PatternPrefix.Empty)),
        PatternSequence sequence => FindSequence(sequence.Parts),
        PatternChoice choice => FindChoice(choice.Branches),
        _ => null,
    };

    private static List<PatternPrefix>? FindChoice(IReadOnlyList<PatternNode> branches)
    {
        var all = new List<PatternPrefix>();
        foreach (var branch in branches)
        {
            if (Find(branch) is not { } found || Bounded(all.Concat(found)) is not { } more)
                return null;
            all = more;
        }

        return all;
    }

    private static List<PatternPrefix>? FindSequence(IReadOnlyList<PatternNode> parts)
    {
        List<PatternPrefix>? all = [PatternPrefix.Empty];
        foreach (var part in parts)
        {
            if (Find(part) is not { } next)
                return null;

            // Behind "whatever follows", only what may be nothing adds nothing.
            var isNeedless = next.Any(prefix => prefix is { Text.Length: 0, Rest: null or 0 });
            if (all.Any(prefix => prefix.IsOpen) && !isNeedless)
                return null;

            all = Bounded(all.SelectMany(prefix => prefix.IsOpen ? [prefix] : next.Select(other => Join(prefix, other))));
            if (all is null)
                return null;
        }

        return all;
    }

    private static PatternPrefix Join(PatternPrefix prefix, PatternPrefix next) => new([.. prefix.Text, .. next.Text], next.Rest);

    private static List<PatternPrefix>? Bounded(IEnumerable<PatternPrefix>? prefixes)
    {
        var found = prefixes?.Take(MaxCount + 1).ToList();
        return found is { Count: <= MaxCount } && found.Sum(prefix => prefix.Text.Length) <= MaxBytes ? found : null;
    }
}
