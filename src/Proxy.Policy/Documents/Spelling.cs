namespace Proxy.Policy.Documents;

/// <summary>Finds the word that was probably meant where one was written that nobody knows.</summary>
public static class Spelling
{
    private const int LongestWord = 40;
    private const int ShortestAbbreviation = 3;

    /// <summary>The candidate nearest to the word, or null if none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(candidates);
        return candidates
            .Select(candidate => (Candidate: candidate, Distance: Distance(word, candidate)))
            .Where(found => found.Distance is not null)
            .OrderBy(found => found.Distance)
            .Select(found => found.Candidate)
            .FirstOrDefault();
    }

    internal static bool IsNear(string word, string candidate) => Distance(word, candidate) is not null;

    // Other case, an abbreviation, the plural, or one wrong letter in three (at most two).
    private static int? Distance(string word, string candidate)
    {
        if (word.Length is 0 or > LongestWord)
            return null;

        if (word.Equals(candidate, StringComparison.OrdinalIgnoreCase))
            return 0;

        if (word.Length >= ShortestAbbreviation && candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            return 1;

        var edits = Edits(word.ToLowerInvariant(), candidate.ToLowerInvariant());
        return edits <= Math.Min(2, candidate.Length / 3) ? edits : null;
    }

    // Damerau and Levenshtein, restricted: swapped neighbours are one edit.
    private static int Edits(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
                cost[i, j] = i == 0 || j == 0 ? i + j : Cheapest(cost, a, b, i, j);
        }

        return cost[a.Length, b.Length];
    }

    private static int Cheapest(int[,] cost, string a, string b, int i, int j)
    {
        var replaced = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
        var best = Math.Min(replaced, 1 + Math.Min(cost[i - 1, j], cost[i, j - 1]));
        var isSwap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        return isSwap ? Math.Min(best, cost[i - 2, j - 2] + 1) : best;
    }
}
