namespace Proxy.Policy.Matching;

/// <summary>A regular expression as RE2 reads it, over texts of visible ASCII and blanks.</summary>
internal abstract record PatternNode;

/// <summary>One character of a set.</summary>
internal sealed record PatternSet(CharacterSet Characters) : PatternNode;

/// <summary>One part after the other; without parts, the empty text.</summary>
internal sealed record PatternSequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

/// <summary>One of several.</summary>
internal sealed record PatternChoice(IReadOnlyList<PatternNode> Branches) : PatternNode;

/// <summary>Something at least <paramref name="Least"/> times and, unless null, at most <paramref name="Most"/> times.</summary>
internal sealed record PatternRepeat(PatternNode Body, int Least, int? Most) : PatternNode;

/// <summary>A place between two characters.</summary>
internal sealed record PatternEdge(EdgeKind Kind) : PatternNode;

/// <summary>Kinds of places.</summary>
internal enum EdgeKind
{
    Start,
    End,
    WordBoundary,
    NoWordBoundary,
}

/// <summary>Why a pattern is refused, and what to do instead.</summary>
internal readonly record struct PatternFault(string Reason, string Hint = "");

/// <summary>Ends the reading of a pattern that is refused; never leaves this room.</summary>
internal sealed class PatternRefused(string reason, string hint = "") : Exception(reason)
{
    public PatternFault Fault { get; } = new(reason, hint);
}
