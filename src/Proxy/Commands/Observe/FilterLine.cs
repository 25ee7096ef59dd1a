using System.CommandLine.Parsing;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Reads the filter flags in the order they were typed, because <c>--not</c> is about the next one.</summary>
internal static class FilterLine
{
    private static readonly Dictionary<string, FilterFlag> ByToken = FilterFlags.All
        .SelectMany(flag => new[] { "--" + flag.Name, flag.Alias }.OfType<string>().Select(token => (token, flag)))
        .ToDictionary(entry => entry.token, entry => entry.flag, StringComparer.Ordinal);

    /// <exception cref="UsageFault">A value is not understood, flags contradict, or a <c>--not</c> has nothing to negate.</exception>
    public static void Apply(IEnumerable<Token> tokens, GetFlowsRequest request)
    {
        var (white, black) = (new FilterPair(), new FilterPair());
        FilterFlag? flag = null;
        var isNegated = false;
        foreach (var token in tokens)
        {
            if (token.Type == TokenType.Option)
            {
                flag = ByToken.GetValueOrDefault(token.Value);
                isNegated = Negate(token.Value, isNegated);
            }
            else if (token.Type == TokenType.Argument && flag is not null)
            {
                flag.Set(isNegated ? black : white, token.Value);
                isNegated = false;
            }
        }

        if (isNegated)
            throw new UsageFault("--not must be followed by a filter");
        white.AddTo(request.Whitelist);
        black.AddTo(request.Blacklist);
    }

    private static bool Negate(string option, bool isNegated)
    {
        if (option != "--not")
            return isNegated;
        return isNegated ? throw new UsageFault("--not given twice for one filter") : true;
    }
}
