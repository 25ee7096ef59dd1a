using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>
/// Connections that pass uncaptured. A packet passes when it begins such a connection, or when connection tracking saw
/// one begin that it belongs to: an address and a port alone would let other connections out by the same numbers, those
/// among them that were captured before the bypass was made. Nothing else in the namespace is tracked.
/// </summary>
internal sealed class CaptureBypass
{
    private const string Syn = CaptureRuleSet.Syn;
    private const string NotSyn = CaptureRuleSet.NotSyn;

    private readonly bool isInbound;
    private readonly string forth;
    private readonly string back;
    private readonly string purpose;

    private CaptureBypass(bool isInbound, string forth, string back, string purpose) =>
        (this.isInbound, this.forth, this.back, this.purpose) = (isInbound, forth, back, purpose);

    /// <summary>All that is exempt in one family.</summary>
    public static IReadOnlyList<CaptureBypass> Of(CaptureOptions options, CaptureFamily family)
    {
        List<CaptureBypass> all = [];
        if (family.ProbeSource(options) is { } probe)
            all.Add(new(true, $"-s {probe}/{family.HostPrefix}", $"-d {probe}/{family.HostPrefix}", "probe of the node"));
        var excluded = options.Exclusions;
        if (excluded.InboundPorts.Count > 0)
            all.Add(OfPorts(true, excluded.InboundPorts, "excluded inbound ports"));
        if (excluded.OutboundPorts.Count > 0)
            all.Add(OfPorts(false, excluded.OutboundPorts, "excluded outbound ports"));
        foreach (var range in excluded.OutboundCidrs.Where(range => range.Network.IsIPv4 == (family == CaptureFamily.IPv4)))
            all.Add(new(false, $"-d {range}", $"-s {range}", $"excluded outbound range {range}"));
        return all;
    }

    /// <summary>For mangle PREROUTING and INPUT.</summary>
    public IEnumerable<CaptureRule> Arriving => isInbound
        ? Passing("! -i lo ", forth, "ORIGINAL", begins: true)
        : Passing("! -i lo ", back, "REPLY", begins: false);

    /// <summary>For mangle OUTPUT and mangle POSTROUTING, behind what the proxy sends and the rule for the loopback.</summary>
    public IEnumerable<CaptureRule> Leaving => isInbound
        ? Passing("", back, "REPLY", begins: false)
        : Passing("", forth, "ORIGINAL", begins: true);

    /// <summary>For raw PREROUTING, before tracking is turned off.</summary>
    public CaptureRule TrackedArriving => new($"! -i lo -p tcp {(isInbound ? forth : $"{back} {NotSyn}")}", "-j RETURN", $"{purpose}: tracked, not asked about");

    /// <summary>For raw OUTPUT, behind what the proxy sends and before tracking is turned off.</summary>
    public CaptureRule TrackedLeaving =>
        new($"-p tcp {(isInbound ? $"{back} {NotSyn}" : forth)}", "-j RETURN", $"{purpose}: tracked, not asked about");

    /// <summary>As multiport takes them.</summary>
    internal static string ListOf(IReadOnlyList<PortRange> ports) =>
        string.Join(',', ports.Select(range => range.IsRange ? $"{range.First}:{range.Last}" : $"{range.First}"));

    private static CaptureBypass OfPorts(bool isInbound, IReadOnlyList<PortRange> ports, string purpose)
    {
        var list = ListOf(ports);
        return new(isInbound, $"-m multiport --dports {list}", $"-m multiport --sports {list}", $"{purpose} {list}");
    }

    private IEnumerable<CaptureRule> Passing(string where, string match, string direction, bool begins)
    {
        if (begins)
            yield return new($"{where}-p tcp {match} {Syn}", "-j RETURN", $"{purpose}: begins");
        yield return new($"{where}-p tcp {match} -m conntrack --ctstate ESTABLISHED --ctdir {direction}", "-j RETURN", $"{purpose}: goes on");
    }
}
