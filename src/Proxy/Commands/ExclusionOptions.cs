using System.CommandLine;
using Proxy.Policy;

namespace Proxy.Commands;

/// <summary>What the annotations of a pod say to the daemon, for the verbs that do without manifests.</summary>
internal sealed class ExclusionOptions
{
    private delegate string? Reading<T>(string text, out IReadOnlyList<T> items);

    private readonly Option<IReadOnlyList<PortRange>> _inbound = List<PortRange>("--skip-inbound-ports", "Ports of the pod that are not captured, such as 80,8000-8010", Exclusions.ReadPorts);
    private readonly Option<IReadOnlyList<PortRange>> _outbound = List<PortRange>("--skip-outbound-ports", "Ports that the pod dials uncaptured", Exclusions.ReadPorts);
    private readonly Option<IReadOnlyList<Cidr>> _cidrs = List<Cidr>("--skip-outbound-cidrs", "Addresses that the pod dials uncaptured, such as 10.0.0.0/8,fd00::/8", Exclusions.ReadCidrs);

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_inbound, _outbound, _cidrs])
            command.Add(option);
    }

    public Exclusions Read(ParseResult result) => new()
    {
        InboundPorts = result.GetRequiredValue(_inbound),
        OutboundPorts = result.GetRequiredValue(_outbound),
        OutboundCidrs = result.GetRequiredValue(_cidrs),
    };

    private static Option<IReadOnlyList<T>> List<T>(string name, string description, Reading<T> read) => new(name)
    {
        Description = $"{description} (env {RedirectOptions.Variable(name)}, default none)",
        HelpName = "LIST",
        DefaultValueFactory = result => Environment.GetEnvironmentVariable(RedirectOptions.Variable(name)) is { } text ? Parse(text, name, read, result.AddError) : [],
        CustomParser = result => Parse(result.Tokens[0].Value, name, read, result.AddError),
    };

    private static IReadOnlyList<T> Parse<T>(string text, string name, Reading<T> read, Action<string> fail)
    {
        if (read(text, out var items) is { } fault)
            fail($"{name}: '{text}' {fault}");
        return items;
    }
}
