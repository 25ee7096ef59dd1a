using System.Globalization;
using System.Text;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Tests.Reference;

/// <summary>The product, asked in the words of the reference: manifests in, answers out.</summary>
internal sealed class Product
{
    private readonly ClusterModel _cluster;
    private readonly PolicySnapshot _snapshot;
    private readonly Dictionary<Workload, Identity> _identities = new(ReferenceEqualityComparer.Instance);

    public Product(Scenario scenario)
        : this(scenario, new(ReferenceEqualityComparer.Instance), null)
    {
    }

    private Product(Scenario scenario, Dictionary<Document, PolicyDocument> read, PolicySnapshot? previous)
    {
        _cluster = scenario.Cluster;
        var documents = scenario.Documents.Select(document => Read(document, read)).ToList();
        Misread = [.. documents.Where((document, i) => document.IsRefused != scenario.Documents[i].IsBroken)];
        _snapshot = PolicySnapshot.Compile(documents, ContextOf(scenario.Cluster), previous);
    }

    /// <summary>The scenario as a change of an earlier one, about which these questions were asked.</summary>
    public static Product After(Scenario before, IEnumerable<Question> asked, Scenario now)
    {
        var read = new Dictionary<Document, PolicyDocument>(ReferenceEqualityComparer.Instance);
        var earlier = new Product(before, read, null);
        foreach (var question in asked)
            earlier.Ask(question);
        return new Product(now, read, earlier._snapshot);
    }

    /// <summary>Documents that are refused and should not be, or the other way round.</summary>
    public IReadOnlyList<PolicyDocument> Misread { get; }

    public Answer Ask(Question question)
    {
        var verdict = _snapshot.Decide(FactsOf(question));
        var request = verdict.IsAllowed && verdict.Http is { } http ? Decide(http, question.Request) : new RequestVerdict(true, null);
        return new Answer(OutcomeOf(verdict), DemandOf(verdict), verdict.Http is not null, PassageOf(verdict, request))
        {
            Rules = RulesOf(verdict),
            Actions = ActionsOf(request),
            IsConnectionAudited = verdict.Audit is { IsAllowed: false },
            IsRequestAudited = request.Audited,
        };
    }

    /// <summary>The rules with this effect, or any, that the explanation of the verdict says apply.</summary>
    public string Explain(Question question, RuleEffect? effect)
    {
        var applying = _snapshot.Explain(FactsOf(question)).Rules.Where(rule => rule is { Applies: true, IsAudit: false } && (effect is null || rule.Effect == effect));
        return string.Join(", ", applying.Select(rule => $"{rule.Rule.Name} {rule.Rule.RulePath}").Distinct().Order(StringComparer.Ordinal));
    }

    private ConnectionFacts FactsOf(Question question) => new(
        question.Direction,
        IdentityOf(question.Subject),
        IdentityOf(question.Peer),
        question.Protocol,
        question.Port,
        question.Authentication)
    {
        PeerAddress = Address.TryParse(question.Peer.Address, out var address) ? address : default,
        ServerPorts = NamesOf(question.Server),
    };

    private static NamedPorts? NamesOf(Workload server) => server.Ports.Count == 0
        ? null
        : new NamedPorts(server.Ports.Select(port => (port.Name, port.Protocol, port.Number)));

    private static PolicyDocument Read(Document document, Dictionary<Document, PolicyDocument> read)
    {
        if (!read.TryGetValue(document, out var parsed))
        {
            var file = ManifestReader.Read("drawn.yaml", Encoding.UTF8.GetBytes(Manifest.Write([document])));
            read[document] = parsed = PolicyParser.Parse(file.Documents[0]);
        }

        return parsed;
    }

    // Of refused documents the verdict names the fault.
    private static string RulesOf(Verdict verdict) => verdict.Reason == VerdictReason.DocumentRefused
        ? ""
        : string.Join(", ", verdict.Rules.Select(rule => $"{rule.Name} {rule.RulePath}").Order(StringComparer.Ordinal));

    private static RequestVerdict Decide(HttpRuleSet http, Request request) =>
        http.Decide(new RequestFacts(Latin(request.Method), Latin(request.Target), Latin(request.Host))
        {
            Headers = Latin(string.Concat(request.Headers.Select(header => $"{header.Name}: {header.Value}\r\n"))),
        });

    // What only reports leaves no trace here, nor does removing what is not there.
    private static string ActionsOf(RequestVerdict request)
    {
        var actions = new List<string>();
        foreach (var action in request.Actions)
        {
            var value = action.Kind is HeaderActionKind.Delete ? "" : $" {Encoding.Latin1.GetString(action.Value.Span)}";
            if (action.Kind != HeaderActionKind.Log && !(action.Kind == HeaderActionKind.Delete && action.Note.StartsWith("missing", StringComparison.Ordinal)))
                actions.Add($"{action.Kind.ToString().ToUpperInvariant()} {Encoding.Latin1.GetString(action.Name.Span)}{value}");
        }

        return string.Join(", ", actions.Distinct().Order(StringComparer.Ordinal));
    }

    private static Passage PassageOf(Verdict verdict, RequestVerdict request) =>
        !verdict.IsAllowed ? Passage.None : request.IsAllowed ? Passage.Pass : Passage.Refused;

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static Outcome OutcomeOf(Verdict verdict) => verdict.Reason switch
    {
        VerdictReason.NotIsolated => Outcome.NotIsolated,
        VerdictReason.Allowed => Outcome.Allowed,
        VerdictReason.DefaultDeny => Outcome.DefaultDeny,
        VerdictReason.AuthenticationRequired => Outcome.AuthenticationRequired,
        VerdictReason.AlwaysFails => Outcome.AlwaysFails,
        VerdictReason.DocumentRefused => Outcome.DocumentRefused,
        VerdictReason.Denied => Outcome.DeniedByRule,
        _ => throw new InvalidOperationException(verdict.Reason.ToString()),
    };

    private static Demand DemandOf(Verdict verdict) => verdict.Authentication switch
    {
        AuthenticationMode.Required => Demand.Required,
        AuthenticationMode.TestAlwaysFail => Demand.AlwaysFails,
        _ => Demand.None,
    };

    private Identity IdentityOf(Workload workload)
    {
        if (!_identities.TryGetValue(workload, out var identity))
            _identities[workload] = identity = MakeIdentity(workload);
        return identity;
    }

    private Identity MakeIdentity(Workload workload) => workload.Kind switch
    {
        PeerKind.Pod => Identity.ForPod(workload.Namespace, workload.Account, workload.Labels, _cluster.LabelsOf(workload.Namespace)),
        PeerKind.World => Identity.World,
        PeerKind.Host => Identity.Host,
        PeerKind.RemoteNode => Identity.RemoteNode,
        PeerKind.Unmanaged => Identity.Unmanaged,
        PeerKind.Health => new Identity(4, LabelSet.Of(("reserved", "health", ""))),
        PeerKind.Ingress => new Identity(8, LabelSet.Of(("reserved", "ingress", ""))),
        PeerKind.ApiServerOutside => new Identity(7, LabelSet.Of(("reserved", "kube-apiserver", ""), ("reserved", "world", ""))),
        PeerKind.ApiServerOnNode => new Identity(7, LabelSet.Of(("reserved", "kube-apiserver", ""), ("reserved", "remote-node", ""))),
        _ => Identity.Unknown,
    };

    private static PolicyContext ContextOf(ClusterModel cluster) => new()
    {
        Services = [.. cluster.Services.Select(ServiceOf)],
        CidrGroups = [.. cluster.Groups.Select(group => new CidrGroup(group.Name, LabelsOf(group.Labels), [.. group.Cidrs.Select(RangeOf)], []))],
        Secrets = [.. cluster.Secrets.Select(secret => new PolicySecret(secret.Namespace, secret.Name, secret.Value is { } value ? Latin(value) : null))],
        AuditNamespaces = cluster.AuditNamespaces.ToHashSet(),
    };

    private static PolicyService ServiceOf(ClusterService service) => new(
        service.Namespace,
        service.Name,
        LabelsOf(service.Labels),
        service.Selector,
        [.. service.Addresses.Select(address => RangeOf(string.Create(CultureInfo.InvariantCulture, $"{address}/{(address.Contains(':') ? 128 : 32)}")))]);

    private static LabelSet LabelsOf(IReadOnlyDictionary<string, string> labels) =>
        LabelSet.Of([.. labels.Select(label => ("k8s", label.Key, label.Value))]);

    private static Cidr RangeOf(string text) => Cidr.TryParse(text, out var cidr) ? cidr : throw new FormatException(text);
}
