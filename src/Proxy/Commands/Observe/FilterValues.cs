using System.Globalization;
using Google.Protobuf.Reflection;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Reads the values of filter flags, each refused with what would have been understood.</summary>
internal static class FilterValues
{
    private static readonly Dictionary<string, int> EventTypes = new(StringComparer.Ordinal)
    {
        ["drop"] = 1,
        ["capture"] = 3,
        ["trace"] = 4,
        ["policy-verdict"] = 5,
        ["trace-sock"] = 7,
        ["l7"] = 129,
    };

    public static EventTypeFilter EventType(string text)
    {
        var colon = text.IndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        if (!EventTypes.TryGetValue(name, out var type) && !TryNumber(name, out type))
            throw new UsageFault($"unknown event type '{name}'; one of {string.Join(", ", EventTypes.Keys)}, or a number");
        return colon < 0
            ? new EventTypeFilter { Type = type }
            : new EventTypeFilter { Type = type, MatchSubType = true, SubType = SubType(name, text[(colon + 1)..]) };
    }

    public static Verdict Verdict(string text) => (Verdict)Named("Verdict", "verdict", text);

    public static DropReason DropReason(string text) => (DropReason)Named("DropReason", "drop reason", text);

    public static TrafficDirection TrafficDirection(string text) =>
        (TrafficDirection)Named("TrafficDirection", "direction", text.ToUpperInvariant());

    public static IPVersion IpVersion(string text) => text.ToLowerInvariant() switch
    {
        "none" => IPVersion.IpNotUsed,
        "v4" or "4" or "ipv4" => IPVersion.Ipv4,
        "v6" or "6" or "ipv6" => IPVersion.Ipv6,
        _ => throw new UsageFault($"unknown IP version '{text}'; one of none, v4, v6"),
    };

    public static uint Identity(string text)
    {
        var reserved = Array.IndexOf(FlowText.ReservedIdentities, text.ToLowerInvariant());
        if (reserved >= 0)
            return (uint)reserved;
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UsageFault($"unknown identity '{text}'; a number or one of {string.Join(", ", FlowText.ReservedIdentities)}");
    }

    public static Workload Workload(string text)
    {
        var slash = text.IndexOf('/');
        return slash < 0
            ? new Workload { Name = text }
            : new Workload { Kind = text[..slash], Name = text[(slash + 1)..] };
    }

    public static TCPFlags TcpFlags(string text)
    {
        var flags = new TCPFlags();
        foreach (var name in text.Split(','))
        {
            var field = TCPFlags.Descriptor.FindFieldByName(name.Trim().ToUpperInvariant())
                ?? throw new UsageFault($"unknown TCP flag '{name}'");
            field.Accessor.SetValue(flags, true);
        }

        return flags;
    }

    private static int SubType(string type, string text)
    {
        if (TryNumber(text, out var number))
            return number;
        var point = type == "trace" ? Array.IndexOf(FlowText.TracePoints, text) : -1;
        return point >= 0 ? point : throw new UsageFault($"unknown sub type '{text}' of event type '{type}'");
    }

    private static int Named(string enumeration, string what, string text)
    {
        var values = FlowReflection.Descriptor.FindTypeByName<EnumDescriptor>(enumeration);
        return values.FindValueByName(text)?.Number
            ?? throw new UsageFault($"unknown {what} '{text}'; one of {string.Join(", ", values.Values.Select(value => value.Name))}");
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
