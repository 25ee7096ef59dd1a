using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>What documents mean together, and beside the cluster they stand in, that none of them shows alone.</summary>
public sealed class PolicyLint
{
    /// <summary>No more findings of one kind are told.</summary>
    public const int MostOfAKind = 100;

    private readonly CompiledSection[] _sections;
    private readonly ContextLookup _lookup;
    private readonly LintScope _scope;
    private readonly IdentitySets _sets;
    private readonly CancellationToken _stop;

    private PolicyLint(IEnumerable<PolicyDocument> documents, PolicyContext context, LintScope scope, CancellationToken stop)
    {
        var table = SectionTable.Of(documents, context, SectionTable.Empty);
        _sections = table.Sections;
        _lookup = new ContextLookup(context, PolicySecrets.None);
        _scope = scope;
        _sets = new IdentitySets(scope.Identities);
        _stop = stop;
    }

    /// <summary>
    /// Finds HTTP rules without effect, demands for authentication whose proof others can give, ranges that choose fewer than
    /// they seem to, references to what does not exist, pods that cannot resolve names, and demands that Cilium reads otherwise.
    /// </summary>
    /// <param name="documents">Those in force.</param>
    /// <param name="context">What they refer to.</param>
    /// <param name="scope">Where they stand.</param>
    /// <param name="cancellationToken">Nobody wants to know any more: rules are compared in pairs, and many take a while.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<PolicyFinding> Find(
        IEnumerable<PolicyDocument> documents, PolicyContext context, LintScope scope, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(scope);
        var lint = new PolicyLint(documents, context, scope, cancellationToken);
        IEnumerable<PolicyFinding>[] kinds =
        [
            new DemandConflicts(lint._sections, cancellationToken).Find(), new MootRules(lint._sections, lint._sets, cancellationToken).Find(),
            lint.SharedIds(), lint.PodRanges(), lint.Missing(), lint.SinglePods(), lint.OnlyDenials(),
            new MissingResolver(lint._sections, cancellationToken).Find(),
        ];
        return [.. kinds.SelectMany(kind => kind.Take(MostOfAKind))];
    }

    private IEnumerable<CompiledRule> Rules => _sections.SelectMany(section => section.Rules);

    // An SVID proves an ID, and pods of one ID prove the same: a compromised one can pass for its neighbour.
    private IEnumerable<PolicyFinding> SharedIds()
    {
        string?[] ids = [.. _scope.Identities.Select(_scope.IdOf)];
        foreach (var rule in Rules.Where(rule => rule.Rule is { IsDeny: false, Authentication: AuthenticationMode.Required } && !rule.Peers.IsAny))
        {
            _stop.ThrowIfCancellationRequested();
            var chosen = _sets.PeersOf(rule);
            var provable = ids.Where((id, i) => id is not null && IdentitySets.Has(chosen, i)).ToHashSet();
            Identity[] excluded = [.. _scope.Identities.Where((_, i) => !IdentitySets.Has(chosen, i) && provable.Contains(ids[i]))];
            if (excluded.Length > 0)
                yield return new PolicyFinding(
                    [rule.Rule.Reference],
                    $"its peers share their SPIFFE ID {_scope.IdOf(excluded[0])} with pods that it excludes: {IdentitySets.TextOf(excluded)}",
                    "give the peers a service account of their own");
        }
    }

    // To deny isolates, too. Who denies everything means it.
    private IEnumerable<PolicyFinding> OnlyDenials()
    {
        CompiledRule[] allows = [.. Rules.Where(rule => !rule.Rule.IsDeny && !rule.Section.IsAudit)];
        foreach (var section in _sections.Where(section => !section.IsAudit))
        {
            foreach (var denial in section.Rules.Where(rule => rule.Rule.IsDeny).DistinctBy(rule => rule.Rule.Direction))
            {
                _stop.ThrowIfCancellationRequested();
                var direction = denial.Rule.Direction;
                var deniesAll = section.Rules.Any(rule => rule.Rule.IsDeny && rule.Rule.Direction == direction && rule.Peers.IsWide && rule.Rule.Ports.IsAny);
                if (section.Section.Isolates(direction) && !deniesAll
                    && !allows.Any(allow => allow.Rule.Direction == direction && SubjectOverlap.MayShare(allow.Section.Section.Subject, section.Section.Subject)))
                    yield return new PolicyFinding(
                        [denial.Rule.Reference],
                        $"it isolates the pods that it denies something, and no rule allows them any {WordOf(direction)}: all is refused",
                        $"write 'enableDefaultDeny: {{{WordOf(direction)}: false}}' if the rest is to pass");
            }
        }
    }

    private static string WordOf(Direction direction) => direction == Direction.Ingress ? "ingress" : "egress";

    private IEnumerable<PolicyFinding> PodRanges()
    {
        var pods = AddressSet.Of(_scope.PodCidrs.Select(cidr => (cidr, (IReadOnlyList<Cidr>)[])));
        foreach (var rule in Rules)
        {
            var isInside = rule.Peers.Addresses.Spans.Any(span => pods.Spans.Any(pod => span.First <= pod.Last && pod.First <= span.Last));
            if (isInside)
                yield return new PolicyFinding(
                    [rule.Rule.Reference],
                    "its ranges cover addresses of pods, and ranges never choose pods or nodes",
                    rule.Rule.Direction == Direction.Ingress ? "choose pods with fromEndpoints" : "choose pods with toEndpoints");
        }
    }

    private IEnumerable<PolicyFinding> Missing() =>
        Rules.SelectMany(rule => MissingOf(rule.Rule).Select(missing => new PolicyFinding(
            [rule.Rule.Reference], $"{missing.Name} does not exist, so that {EffectOf(rule.Rule.IsDeny, missing.IsGroup)}", "")));

    private IEnumerable<PolicyFinding> SinglePods() =>
        from rule in Rules
        from match in rule.Rule.Peers.Services
        from service in _lookup.Find(match)
        let label = service.Selector?.Keys.FirstOrDefault(WellKnownLabels.IsOfOnePod)
        where label is not null
        select new PolicyFinding(
            [rule.Rule.Reference],
            $"Service {service.Namespace}/{service.Name} chooses its pods by {label}, which is part of no identity, so that {EffectOf(rule.Rule.IsDeny, false)}",
            "choose the pods by labels that all replicas share");

    private static string EffectOf(bool isDeny, bool isGroup) => (isDeny, isGroup) switch
    {
        (false, _) => "nothing is allowed through it",
        (true, true) => "every address outside the cluster is denied",
        _ => "nothing is denied through it",
    };

    private IEnumerable<(string Name, bool IsGroup)> MissingOf(PolicyRule rule)
    {
        var groups = rule.Peers.Ranges.Where(range => range.GroupName is not null && !_lookup.Find(range)!.Any()).Select(range => $"CiliumCIDRGroup {range.GroupName}").Distinct();
        var services = rule.Peers.Services.Where(service => service.Name is not null && !_lookup.Find(service).Any())
            .Select(service => $"Service {(service.Namespace is null ? "" : service.Namespace + "/")}{service.Name}");
        var secrets = (rule.Http ?? []).SelectMany(match => match.Headers).Select(header => header.Secret).OfType<SecretName>()
            .Where(name => !_lookup.Context.Secrets.Any(secret => secret.Namespace == name.Namespace && secret.Name == name.Name))
            .Select(name => $"Secret {name.Namespace}/{name.Name}");
        return groups.Select(group => (group, true)).Concat(services.Concat(secrets).Distinct().Select(name => (name, false)));
    }
}
