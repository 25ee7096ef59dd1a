using System.CommandLine;
using System.CommandLine.Parsing;
using Proxy.Spiffe;

namespace Proxy.Commands;

/// <summary>The option that says what SPIFFE IDs of pods are made of; daemon and issuer must agree on it.</summary>
internal static class TemplateOption
{
    private const string Name = "--spiffe-id-template";

    internal static Option<string> Create(string verb = "")
    {
        var option = CommandOptions.Text(
            Name,
            "What the SPIFFE IDs of pods are made of: {identity}, the number of a pod's identity, or {namespace} and {serviceAccount}.",
            SpiffeIdTemplate.Default.ToString(),
            "TEMPLATE",
            verb);
        option.Validators.Add(Check);
        return option;
    }

    internal static SpiffeIdTemplate Read(ParseResult arguments, Option<string> option) =>
        SpiffeIdTemplate.TryParse(arguments.GetRequiredValue(option), out var template, out var fault)
            ? template
            : throw new ArgumentException($"{Name}: {fault}");

    private static void Check(OptionResult result)
    {
        if (!SpiffeIdTemplate.TryParse(result.GetValueOrDefault<string>() ?? "", out _, out var fault))
            result.AddError($"{Name}: {fault}");
    }
}
