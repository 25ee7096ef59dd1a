namespace Proxy.Policy;

/// <summary>What several rules say together and their authors may not know; it changes no verdict.</summary>
/// <param name="Rules">The rules that it is about, the one to look at first.</param>
/// <param name="Reason">One sentence without a full stop.</param>
/// <param name="Hint">What to do about it; empty if nothing suggests itself.</param>
public sealed record PolicyFinding(IReadOnlyList<RuleReference> Rules, string Reason, string Hint)
{
    /// <summary><c>rules: reason (hint)</c>.</summary>
    public override string ToString() =>
        $"{string.Join(", ", Rules)}: {Reason}{(Hint.Length > 0 ? $" ({Hint})" : "")}";
}
