using System.CommandLine;
using System.CommandLine.Parsing;

namespace Proxy.Commands;

/// <summary>The command-line options of how request paths are read; docs/POLICY.md says what they are for.</summary>
/// <param name="verb">Part of the variables' names where it is not for the daemon.</param>
internal sealed class PathOptions(string verb = "")
{
    private const string Cilium = "cilium";
    private const string Refuse = "refuse";

    private readonly Option<string> _match = CommandOptions.Text(
        "--path-match", "Request paths that servers may resolve to another one: strict refuses them, cilium normalises them as Cilium's Envoy does.", "strict", "MODE", verb);

    private readonly Option<string> _slashes = CommandOptions.Text(
        "--repeated-slashes", "Slashes in a row in request paths: keep or refuse.", "keep", "MODE", verb);

    internal void AddTo(Command command)
    {
        _match.Validators.Add(result => RequireOneOf(result, "strict", Cilium));
        _slashes.Validators.Add(result => RequireOneOf(result, "keep", Refuse));
        command.Add(_match);
        command.Add(_slashes);
    }

    internal ConnectionLimits Apply(ParseResult result, ConnectionLimits limits) => limits with
    {
        Http = limits.Http with
        {
            NormalisesPaths = result.GetValue(_match) == Cilium,
            RefusesRepeatedSlashes = result.GetValue(_slashes) == Refuse,
        },
    };

    private static void RequireOneOf(OptionResult result, params string[] values)
    {
        var text = result.GetValueOrDefault<string>() ?? "";
        if (!values.Contains(text))
            result.AddError($"{result.Option.Name}: '{text}' is none of {string.Join(", ", values)}");
    }
}
