namespace Proxy.Policy.Matching;

/// <summary>One HTTP rule as its document has it; a pattern that is null matches anything.</summary>
internal sealed record HttpMatch(HttpPattern? Method, HttpPattern? Path, RuleReference Reference)
{
    /// <summary>Over the authority as sent, with its port if it has one.</summary>
    public HttpPattern? Host { get; init; }

    /// <summary>All of them must be met, but for those that have an action for the other case.</summary>
    public IReadOnlyList<HeaderMatch> Headers { get; init; } = [];

    /// <summary>The path pattern looks at the path without the query.</summary>
    public bool IgnoresQuery { get; init; }
}

/// <summary>What a rule says about one header.</summary>
/// <param name="Name">A token; case does not count.</param>
/// <param name="Value">The whole value; null: any, as long as there is one.</param>
/// <param name="Secret">Holds the value; <paramref name="Value"/> stands in while it cannot be found.</param>
/// <param name="OnMismatch">Null: the rule does not match.</param>
internal sealed record HeaderMatch(string Name, string? Value, SecretName? Secret = null, HeaderActionKind? OnMismatch = null);

/// <summary>Where a Secret is found.</summary>
internal readonly record struct SecretName(string Namespace, string Name);
