using Google.Protobuf;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>The white and black list of one request: which flows it wants to see.</summary>
internal sealed class FlowFilters
{
    /// <summary>Each filter may cost a regular expression; nobody types this many.</summary>
    private const int Limit = 256;

    private static readonly MessageParser<FlowFilter> KnownFields = FlowFilter.Parser.WithDiscardUnknownFields(true);

    private readonly Func<Flow, bool>[] _white;
    private readonly Func<Flow, bool>[] _black;

    private FlowFilters(Func<Flow, bool>[] white, Func<Flow, bool>[] black)
    {
        _white = white;
        _black = black;
    }

    /// <exception cref="FilterFault">A filter is malformed, or asks for what this server cannot tell.</exception>
    public static FlowFilters Compile(IReadOnlyCollection<FlowFilter> whitelist, IReadOnlyCollection<FlowFilter> blacklist)
    {
        if (whitelist.Count + blacklist.Count > Limit)
            throw new FilterFault($"more than {Limit} filters");
        return new FlowFilters([.. whitelist.Select(Compile)], [.. blacklist.Select(Compile)]);
    }

    public bool Matches(Flow flow) =>
        (_white.Length == 0 || Array.Exists(_white, matches => matches(flow)))
        && !Array.Exists(_black, matches => matches(flow));

    private static Func<Flow, bool> Compile(FlowFilter filter)
    {
        RefuseUnknownFields(filter);
        RefuseUnsupportedFields(filter);
        Func<Flow, bool>[] conditions =
        [
            .. EndConditions.Of(filter),
            .. EventConditions.Of(filter),
            .. HttpConditions.Of(filter),
        ];
        return flow => Array.TrueForAll(conditions, holds => holds(flow));
    }

    private static void RefuseUnknownFields(FlowFilter filter)
    {
        // The library keeps unknown fields out of sight; what a parser that drops them makes smaller had some.
        if (KnownFields.ParseFrom(filter.ToByteArray()).CalculateSize() != filter.CalculateSize())
            throw new FilterFault("the filter has a field that this server does not know");
    }

    private static void RefuseUnsupportedFields(FlowFilter filter)
    {
        var unsupported = FilterFields.Set(filter).Except(FilterFields.Supported).ToArray();
        if (unsupported.Length > 0)
            throw new FilterFault($"filter not supported by this server: {string.Join(", ", unsupported)}");
    }
}
