using System.CommandLine;
using Timestamp = Google.Protobuf.WellKnownTypes.Timestamp;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>The flags of <c>observe</c> that are not filters, and the reading of them all.</summary>
internal sealed class ObserveFlags
{
    public const string DefaultServer = "unix:///run/node-proxy/observer.sock";

    private const ulong DefaultNumber = 20;

    private static readonly string[] Outputs = ["compact", "json", "jsonpb", "dict", "table"];

    private readonly Option<string[]> _server = new("--server")
    {
        Description = $"Daemon to ask; several are merged by time [env: NODE_PROXY_SERVER, comma separated] [default: {DefaultServer}]",
        HelpName = "unix:///path",
    };

    private readonly Option<ulong?> _last = new("--last")
    {
        Description = $"The last so many flows [default: {DefaultNumber}; with --follow 0]",
        HelpName = "number",
    };

    private readonly Option<ulong?> _first = new("--first") { Description = "The first so many flows", HelpName = "number" };
    private readonly Option<bool> _all = new("--all") { Description = "All flows that the daemon still has" };
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Go on with flows as they come" };
    private readonly Option<string?> _since = new("--since") { Description = "Flows from this time on: a duration ago (5m) or a date", HelpName = "time" };
    private readonly Option<string?> _until = new("--until") { Description = "Flows up to this time; ignored with --follow", HelpName = "time" };
    private readonly Option<bool> _not = new("--not") { Description = "Hide what the next filter matches", Arity = ArgumentArity.Zero };
    private readonly Option<string> _output = FromEnvironment("--output", "compact", "Output form", "-o");
    private readonly Option<string> _timeFormat = FromEnvironment("--time-format", ObserveTime.DefaultFormat, "How times are printed, in UTC");
    private readonly Option<bool> _nodeName = new("--print-node-name") { Description = "Print the node of each flow" };
    private readonly Option<bool> _policyNames = new("--print-policy-names") { Description = "Print which policies decided a verdict" };
    private readonly Option<bool> _numeric = new("--numeric") { Description = "Print addresses instead of names" };
    private readonly Option<bool> _translation = new("--ip-translation")
    {
        Description = "Print names instead of addresses",
        DefaultValueFactory = _ => true,
    };

    public ObserveFlags()
    {
        _output.AcceptOnlyFromAmong(Outputs);
        _timeFormat.AcceptOnlyFromAmong([.. ObserveTime.FormatNames]);
    }

    public void AddTo(Command command)
    {
        IReadOnlyList<Option> own =
        [
            _server, _last, _first, _all, _follow, _since, _until, _not, _output, _timeFormat,
            _nodeName, _policyNames, _numeric, _translation,
        ];
        foreach (var option in own.Concat(FilterFlags.All.Select(flag => flag.CreateOption())))
            command.Options.Add(option);
    }

    /// <exception cref="UsageFault">The flags cannot be meant together.</exception>
    public ObserveOptions Read(ParseResult parsed, DateTimeOffset now)
    {
        var request = new GetFlowsRequest();
        ReadRange(parsed, request, now);
        FilterLine.Apply(parsed.Tokens, request);
        var options = new ObserveOptions
        {
            Servers = Servers(parsed),
            Request = request,
            Output = OneOf(Outputs, parsed.GetValue(_output)!, "output form"),
            TimeFormat = OneOf(ObserveTime.FormatNames, parsed.GetValue(_timeFormat)!, "time format"),
            PrintsNodeName = parsed.GetValue(_nodeName),
            PrintsPolicyNames = parsed.GetValue(_policyNames),
            Translates = parsed.GetValue(_translation) && !parsed.GetValue(_numeric),
        };
        return options is { Output: "table", Request.Follow: true }
            ? throw new UsageFault("table output cannot be combined with --follow")
            : options;
    }

    private void ReadRange(ParseResult parsed, GetFlowsRequest request, DateTimeOffset now)
    {
        var (first, last) = (parsed.GetValue(_first), parsed.GetValue(_last));
        var (all, follow) = (parsed.GetValue(_all), parsed.GetValue(_follow));
        if (first is not null && (last is not null || all || follow))
            throw new UsageFault("--first cannot be combined with --last, --all or --follow");
        if (last is not null && all)
            throw new UsageFault("--last cannot be combined with --all");

        var (since, until) = (parsed.GetValue(_since), parsed.GetValue(_until));
        request.First = first is not null;
        request.Follow = follow;
        request.Since = since is null ? null : Timestamp.FromDateTimeOffset(ObserveTime.Parse(since, now));
        request.Until = until is null || follow ? null : Timestamp.FromDateTimeOffset(ObserveTime.Parse(until, now));
        var isRange = follow || request.Since is not null || request.Until is not null;
        request.Number = all ? ulong.MaxValue : first ?? last ?? (isRange ? 0 : DefaultNumber);
    }

    private string[] Servers(ParseResult parsed)
    {
        if (parsed.GetValue(_server) is { Length: > 0 } named)
            return named;
        var environment = Environment.GetEnvironmentVariable("NODE_PROXY_SERVER");
        return string.IsNullOrEmpty(environment) ? [DefaultServer] : environment.Split(',');
    }

    /// <summary>The parser checks what was typed, but not what came from the environment.</summary>
    private static string OneOf(IEnumerable<string> known, string value, string what) =>
        known.Contains(value) ? value : throw new UsageFault($"unknown {what} '{value}'; one of {string.Join(", ", known)}");

    private static Option<string> FromEnvironment(string name, string fallback, string help, params string[] aliases)
    {
        var variable = "NODE_PROXY_" + name[2..].Replace('-', '_').ToUpperInvariant();
        return new Option<string>(name, aliases)
        {
            Description = $"{help} [env: {variable}]",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable(variable) ?? fallback,
        };
    }
}
