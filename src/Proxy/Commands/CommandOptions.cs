using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Proxy.Policy;

namespace Proxy.Commands;

/// <summary>Options as all verbs have them: an environment variable, a unit, and a default that <c>--help</c> shows.</summary>
internal static class CommandOptions
{
    /// <param name="name">As written on the command line.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="otherwise">The default; empty for none.</param>
    /// <param name="unit">What the value is, in capitals.</param>
    /// <param name="verb">Part of the variable's name where another verb has an option of the same name.</param>
    internal static Option<string> Text(string name, string description, string otherwise, string unit, string verb = "") => new(name)
    {
        Description = $"{description} [env: {VariableOf(name, verb)}]{(otherwise.Length > 0 ? $" [default: {otherwise}]" : "")}",
        HelpName = unit,
        DefaultValueFactory = _ => FromEnvironment(VariableOf(name, verb)) ?? otherwise,
    };

    /// <summary>May be given several times; in the environment, separated by commas.</summary>
    internal static Option<string[]> Texts(string name, string description, string unit) => new(name)
    {
        Description = $"{description} [env: {VariableOf(name)}, separated by commas]",
        HelpName = unit,
        DefaultValueFactory = _ => FromEnvironment(VariableOf(name))?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
    };

    internal static Option<int> Number(string name, string description, int otherwise, int least, int most)
    {
        var option = new Option<int>(name)
        {
            Description = $"{description} {least} to {most}. [env: {VariableOf(name)}] [default: {otherwise}]",
            HelpName = "NUMBER",
            DefaultValueFactory = result =>
            {
                if (FromEnvironment(VariableOf(name)) is not { } text)
                    return otherwise;
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                    return number;
                result?.AddError($"{VariableOf(name)}: '{text}' is not a number");
                return otherwise;
            },
        };
        option.Validators.Add(result =>
        {
            // What is no number at all is told by the parser.
            if (result.Tokens.Any(token => !int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)))
                return;
            if (result.GetValueOrDefault<int>() is var number && (number < least || number > most))
                result.AddError($"{name}: {number} is not between {least} and {most}");
        });
        return option;
    }

    /// <summary>
    /// The value that counts, in a check of a whole command: the parser knows only what the command line says then, and
    /// not yet what comes from the environment.
    /// </summary>
    internal static T? Effective<T>(this CommandResult result, Option<T> option) =>
        result.GetResult(option) is not null || option.DefaultValueFactory is not { } otherwise ? result.GetValue(option) : otherwise(null!);

    /// <summary>The ranges of pods, for verbs that work offline.</summary>
    internal static Option<string[]> PodCidrs() =>
        Texts("--pod-cidr", "A range in which every address is a pod's; may be given several times.", "CIDR");

    /// <exception cref="UsageFault">One is not a range.</exception>
    internal static IReadOnlyList<Cidr> ReadPodCidrs(string[]? texts) =>
        [.. (texts ?? []).Select(text => Cidr.TryParse(text, out var cidr) ? cidr : throw new UsageFault($"--pod-cidr: '{text}' is not a range of addresses, such as 10.0.0.0/16"))];

    internal static string VariableOf(string name, string verb = "") =>
        $"NODE_PROXY_{verb}{(verb.Length > 0 ? "_" : "")}{name.TrimStart('-').Replace('-', '_').ToUpperInvariant()}";

    private static string? FromEnvironment(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? text : null;
}
