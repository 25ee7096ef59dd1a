using System.Globalization;
using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>
/// Demands for authentication that Cilium would refuse together, or would not ask where we do. The stronger holds here.
/// </summary>
internal sealed class DemandConflicts(IReadOnlyList<CompiledSection> sections, CancellationToken stop = default)
{
    /// <summary>No more are told.</summary>
    public const int Most = 100;

    /// <summary>No more pairs of rules are compared, so that a document of very many costs little.</summary>
    public const int MostPairs = 5_000_000;

    private readonly CompiledRule[] _allows = [.. sections
        .Where(section => !section.IsAudit)
        .SelectMany(section => section.Rules)
        .Where(rule => !rule.Rule.IsDeny)];

    public IReadOnlyList<PolicyFinding> Find() =>
        [.. TwoModes().Concat(NotAsked()).Concat(Exempt()).DistinctBy(finding => (finding.Rules[0], finding.Rules[1], finding.Reason)).Take(Most)];

    // Cilium keeps one entry for a selector and a port: two modes void the endpoint's whole policy there.
    private IEnumerable<PolicyFinding> TwoModes()
    {
        var explicitly = _allows.Where(rule => rule.Rule.Authentication != AuthenticationMode.None);
        var entries = explicitly.SelectMany(rule => KeysOf(rule).Select(key => (Key: key, Rule: rule)));
        foreach (var group in entries.GroupBy(entry => entry.Key, entry => entry.Rule))
        {
            foreach (var (one, other) in Pairs([.. group]).Take(MostPairs))
            {
                if (one.Rule.Authentication != other.Rule.Authentication && Share(one, other))
                    yield return new PolicyFinding(
                        [one.Rule.Reference, other.Rule.Reference],
                        $"two authentication modes, {NameOf(one)} and {NameOf(other)}, for the same peers and port: the stronger holds",
                        "Cilium refuses both documents for the pods that both select; leave one mode");
            }
        }
    }

    // No demand flows from a plain rule for every peer to an HTTP rule for one: there the request passes unauthenticated.
    private IEnumerable<PolicyFinding> NotAsked() =>
        from pair in Pairs(
            rule => rule.Peers.IsWide && rule.Http is null && rule.Rule.Authentication == AuthenticationMode.Required,
            rule => !rule.Peers.IsWide && rule.Http is not null && rule.Rule.Authentication == AuthenticationMode.None)
        let wide = pair.One
        let narrow = pair.Other
        where Share(wide, narrow) && ShareAPort(wide, narrow)
        select new PolicyFinding(
            [wide.Rule.Reference, narrow.Rule.Reference],
            "the first demands authentication of every peer, and here that holds for the HTTP rules of the second too",
            "Cilium asks nothing of the second's peers; write the mode there");

    private IEnumerable<PolicyFinding> Exempt() =>
        from pair in Pairs(
            rule => rule.Peers.IsWide && rule.Rule.Authentication == AuthenticationMode.Disabled && !rule.Rule.Ports.IsAny,
            rule => !rule.Peers.IsWide && rule.Rule.Authentication > AuthenticationMode.Disabled && rule.Rule.Ports.IsAny)
        let lifting = pair.One
        let demanding = pair.Other
        where Share(lifting, demanding)
        select new PolicyFinding(
            [demanding.Rule.Reference, lifting.Rule.Reference],
            "the first demands authentication of its peers on every port, and the second, which is for every peer, does not lift that here",
            "Cilium exempts them on the second's ports; give the second the first's peers if that is meant");

    private static bool Share(CompiledRule one, CompiledRule other) =>
        one.Rule.Direction == other.Rule.Direction && SubjectOverlap.MayShare(one.Section.Section.Subject, other.Section.Section.Subject);

    private static bool ShareAPort(CompiledRule one, CompiledRule other) => PortOverlap.Of(one.Rule.Ports, other.Rule.Ports) is not null;

    private static IEnumerable<string> KeysOf(CompiledRule rule)
    {
        string[] peers = rule.Peers.IsWide
            ? ["*"]
            : [.. rule.Peers.Selectors.Select(TextOf), .. rule.Peers.Addresses.Spans.Select(span => span.ToString())];
        string[] ports = rule.Rule.Ports.IsAny ? ["*"] : [.. rule.Rule.Ports.Entries.Select(RuleWords.TextOf)];
        return peers.Distinct().SelectMany(peer => ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"{rule.Rule.Direction} {peer} {port}")));
    }

    // The order in which requirements are written does not matter.
    private static string TextOf(LabelSelector selector) =>
        string.Join(',', selector.Requirements.Select(requirement => requirement.ToString()).Order(StringComparer.Ordinal));

    private IEnumerable<(CompiledRule One, CompiledRule Other)> Pairs(Func<CompiledRule, bool> isOne, Func<CompiledRule, bool> isOther)
    {
        CompiledRule[] others = [.. _allows.Where(isOther)];
        return _allows.Where(isOne).SelectMany(_ => UnlessStopped(others), (one, other) => (one, other)).Take(MostPairs);
    }

    private T UnlessStopped<T>(T things)
    {
        stop.ThrowIfCancellationRequested();
        return things;
    }

    private IEnumerable<(CompiledRule One, CompiledRule Other)> Pairs(CompiledRule[] rules)
    {
        if (rules.Select(rule => rule.Rule.Authentication).Distinct().Count() < 2)
            yield break;

        for (var i = 0; i < rules.Length; i++)
        {
            stop.ThrowIfCancellationRequested();
            for (var k = i + 1; k < rules.Length; k++)
                yield return (rules[i], rules[k]);
        }
    }

    private static string NameOf(CompiledRule rule) => rule.Rule.Authentication switch
    {
        AuthenticationMode.TestAlwaysFail => "test-always-fail",
        AuthenticationMode.Required => "required",
        _ => "disabled",
    };
}
