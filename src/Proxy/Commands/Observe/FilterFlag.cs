using System.CommandLine;

namespace Proxy.Commands.Observe;

/// <summary>A flag of <c>observe</c> that narrows what is shown. Its value may be a list; a value of the list suffices.</summary>
internal sealed record FilterFlag(string Name, string Help, Action<FilterPair, string> Apply)
{
    public string? Alias { get; init; }

    public string ValueName { get; init; } = "value";

    /// <summary>Selectors and expressions have commas of their own.</summary>
    public bool IsList { get; init; } = true;

    public Option<string[]> CreateOption()
    {
        var option = new Option<string[]>("--" + Name, Alias is null ? [] : [Alias])
        {
            Description = Help,
            HelpName = ValueName,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        return option;
    }

    public void Set(FilterPair pair, string text)
    {
        pair.Use(Name);
        foreach (var value in IsList ? text.Split(',') : [text])
            Apply(pair, value);
    }
}
