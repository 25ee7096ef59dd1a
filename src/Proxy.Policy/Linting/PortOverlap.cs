using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>Ports that two rules share.</summary>
internal static class PortOverlap
{
    /// <summary>The first entry of the one that the other shares, as words; null when they share none, as far as names tell.</summary>
    public static string? Of(PortMatch one, PortMatch other)
    {
        if (one.IsAny)
            return other.IsAny ? "every port" : other.Entries.Count > 0 ? RuleWords.TextOf(other.Entries[0]) : null;
        if (other.IsAny)
            return one.Entries.Count > 0 ? RuleWords.TextOf(one.Entries[0]) : null;

        foreach (var entry in one.Entries)
        {
            foreach (var second in other.Entries)
            {
                if (Share(entry, second))
                    return RuleWords.TextOf(entry.IsWhole ? second : entry);
            }
        }

        return null;
    }

    private static bool Share(PortEntry one, PortEntry other)
    {
        if (one.Protocol != other.Protocol)
            return false;
        if (one.IsWhole || other.IsWhole)
            return true;
        return one.Name is not null || other.Name is not null
            ? one.Name == other.Name
            : one.First <= other.Last && other.First <= one.Last;
    }
}
