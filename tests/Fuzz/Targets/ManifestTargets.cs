using System.Text;
using Proxy.Cluster;
using Proxy.Issuer;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Matching;
using Proxy.Spiffe;

namespace Fuzz.Targets;

/// <summary>Files that users write: policies, the cluster, registration entries.</summary>
internal static class ManifestTargets
{
    private const string File = "fuzz.yaml";

    private static readonly TrustDomain Domain = new("cluster.local");
    private static readonly Identity Pod = Identity.ForPod("default", "default", new Dictionary<string, string> { ["org"] = "empire", ["app"] = "web" }, []);

    private static readonly byte[][] Words = FuzzTargets.Bytes(
        "\n---\n", "\n...\n", "{}", "[]", "- ", ": ", "? ", "|\n", ">-\n", "\"", "'", "&a ", "*a", "<<: ", "!!str ", "%YAML 1.2\n", "# ", "~", "null", "true", "yes",
        "0x10", "1e3", "\"80\"", "-1", "65536", "\\x00", "\\U00110000", "\u00e9", "\u00ed\u00a0\u0080", "\u0085", "\t", "\r", "\0", "apiVersion: ", "kind: ", "metadata: ", "spec: ", "specs: ", "name: ", "namespace: ",
        "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "cilium.io/v2", "networking.k8s.io/v1", "endpointSelector: ", "nodeSelector: ", "matchLabels: ", "matchExpressions: ", "operator: NotIn", "values: ",
        "ingress:\n", "egress:\n", "ingressDeny:\n", "fromEndpoints: ", "fromCIDR: ", "toCIDRSet: ", "except: ", "toPorts: ", "endPort: ", "protocol: ANY", "rules: {http: [{path: \"/a.*\"}]}", "authentication: {mode: required}", "fromEntities: [all]", "podSelector: {}",
        "egressDeny:\n", "enableDefaultDeny: {ingress: false}", "toEndpoints: ", "toEntities: [world]", "toServices: [{k8sService: {serviceName: a}}]", "toFQDNs: [{matchName: a}]", "fromNodes: [{}]", "toGroups: [{aws: {}}]", "cidrGroupRef: g", "cidrGroupSelector: {}", "icmps: [{fields: [{type: 8}]}]", "family: IPv6", "EchoRequest", "protocol: VRRP", "serverNames: [a]", "terminatingTLS: {secret: {name: a}}", "listener: {name: a}", "dns: [{matchPattern: '*'}]", "log: {value: a}", "labels: [{key: a}]", "policyTypes: [Egress]", "namespaceSelector: {}", "ipBlock: {cidr: 0.0.0.0/0}", "CiliumCIDRGroup", "externalCIDRs: [10.0.0.0/8]", "node-proxy.dev/audit: \"true\"", "k8s:", "reserved:", "any:",
        "List", "items:\n", "Pod", "Namespace", "Service", "EndpointSlice", "v1", "discovery.k8s.io/v1", "node-proxy.dev/mode: ", "enabled", "disabled", "permissive", "node-proxy.dev/netns: ", "podIPs: [{ip: ", "clusterIP: ", "targetPort: ", "spiffeId: ", "selectors: ", "k8s:ns:default", "spiffe://cluster.local/", "ExternalWorkload", "node-proxy.dev/v1alpha1", "addresses: [192.0.2.1]", "tls: spiffe", "tls: none", "ports: [{port: 1}]");

    private static readonly byte[][] PolicySeeds = FuzzTargets.Bytes(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: rule1\n  namespace: default\nspec:\n  endpointSelector:\n    matchLabels:\n      org: empire\n  ingress:\n    - fromEndpoints:\n        - matchLabels:\n            org: empire\n      authentication:\n        mode: required\n      toPorts:\n        - ports:\n            - port: \"80\"\n              protocol: TCP\n          rules:\n            http:\n              - method: POST\n                path: /v1/[a-z]+\n",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: default}\nspec:\n  podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}\n  policyTypes: [Ingress, Egress]\n  ingress:\n  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]\n    ports: [{port: 80, endPort: 90}]\n",
        "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: c}\nspec:\n  endpointSelector: {}\n  egress:\n  - toEntities: [world]\n  - toCIDRSet: [{cidr: 'fd00::/8', except: ['fd00:1::/32']}]\n  ingressDeny: [{fromEntities: [host]}]\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: e, annotations: {node-proxy.dev/audit: \"true\", node-proxy.dev/ignore-query: \"true\"}}\nspec:\n  endpointSelector: {}\n  enableDefaultDeny: {ingress: false, egress: true}\n  log: {value: told}\n  labels: [{key: a, value: b, source: c}]\n  egress:\n  - toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': x}}]\n    toPorts: [{ports: [{port: '80', endPort: 90, protocol: TCP}, {port: web}, {protocol: VRRP}]}]\n  - toServices: [{k8sService: {serviceName: a, namespace: b}}, {k8sServiceSelector: {selector: {matchLabels: {a: b}}}}]\n  - toFQDNs: [{matchName: a.example}]\n    toPorts: [{ports: [{port: '443', protocol: TCP}], serverNames: [a.example], terminatingTLS: {secret: {name: s}}}]\n  - toEndpoints: [{}]\n    toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]\n  - icmps: [{fields: [{type: 8}, {type: EchoRequest, family: IPv6}]}]\n  egressDeny:\n  - toCIDRSet: [{cidrGroupRef: g, except: [10.0.0.1/32]}, {cidrGroupSelector: {matchLabels: {a: b}}}]\n  - toNodes: [{}]\n",
        "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g, labels: {a: b}}\nspec: {externalCIDRs: [10.0.0.0/8, 'fd00::/8']}\n---\napiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: c}\nspecs:\n- {nodeSelector: {}, ingress: [{}]}\n- {endpointSelector: {matchLabels: {'reserved:init': ''}}, ingress: [{fromEndpoints: [{}]}, {fromEntities: [cluster], authentication: {mode: test-always-fail}}]}\n");

    public static FuzzTarget Policies { get; } = new("policies", CheckPolicies) { Words = Words, Seeds = PolicySeeds };

    public static FuzzTarget Patterns { get; } = new("patterns", CheckPattern)
    {
        MaxLength = 512,
        Words = FuzzTargets.Bytes("(", ")", "|", "*", "+", "?", "{1000}", "{9,}", "{2,100}", "[^/]", "[[:alpha:]]", "\\d", "\\pL", "\\b", "\\z", "(?i)", "(?:", "^", "$", ".*", "\\Q", "\n"),
        Seeds = FuzzTargets.Bytes("/v1/.*\n/v1/x", "(a?){30}a{30}\na", "(GET|POST)\nGET", "/[a-z0-9_-]+/(x|y)?/[^/]*$\n/ab/x/z", "\\.html\n.html", "(.*a){20}\nab"),
    };

    public static FuzzTarget Cluster { get; } = new("cluster", CheckCluster)
    {
        Words = Words,
        Seeds =
        [
            .. FuzzTargets.Bytes(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: default\n  uid: 7b\n  labels: {app: web}\n  annotations: {node-proxy.dev/mode: enabled, node-proxy.dev/netns: pod-a}\n  ownerReferences: [{kind: ReplicaSet, name: web-1}]\nspec: {nodeName: n1, serviceAccountName: web}\nstatus: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {team: a}, annotations: {node-proxy.dev/mode: enabled}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1], selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}\n",
                "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-1, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]\nports: [{name: http, port: 8080}]\n",
                "apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, namespace: default, labels: {app: db}}\nspec: {addresses: [192.0.2.1, '2001:db8::1'], spiffeId: spiffe://example.org/db, tls: spiffe, ports: [{name: sql, port: 5432}]}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.2}]}\n"),
            .. PolicySeeds,
        ],
    };

    public static FuzzTarget Entries { get; } = new("entries", CheckEntries)
    {
        Words = Words,
        Seeds = FuzzTargets.Bytes(
            "entries:\n- spiffeId: spiffe://cluster.local/ns/default/sa/web\n  selectors: [\"k8s:ns:default\", \"k8s:sa:web\"]\n",
            "entries: []\n---\nentries:\n- {spiffeId: spiffe://cluster.local/x, selectors: [unix:uid:0]}\n",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: default}\nspec: {serviceAccountName: web}\n"),
    };

    private static void CheckPolicies(byte[] input)
    {
        var file = ReadFile(input);
        var documents = file.Documents.Where(document => PolicyParser.IsPolicyKind(document.ApiVersion, document.Kind)).Select(PolicyParser.Parse).ToList();
        CheckFaults(documents.SelectMany(document => document.Faults.Concat(document.Warnings)));
        foreach (var group in file.Documents.Where(document => PolicyParser.IsCidrGroupKind(document.ApiVersion, document.Kind)).Select(PolicyParser.ParseCidrGroup))
        {
            CheckFaults(group.Faults);
            Oracle.Holds(!group.IsRefused || group.Cidrs.Count == 0, "a refused group holds no range");
        }

        var snapshot = PolicySnapshot.Compile(documents);
        foreach (var direction in Enum.GetValues<Direction>())
        {
            var verdict = snapshot.Decide(new ConnectionFacts(direction, Pod, Pod, TransportProtocol.Tcp, 80, PeerAuthentication.Unauthenticated));
            Oracle.Holds(!verdict.IsAllowed || verdict.Authentication is AuthenticationMode.None or AuthenticationMode.Disabled, "who has not authenticated gets what demands it");
            verdict.Http?.Decide(new RequestFacts("POST"u8, "/v1/request-landing"u8, "a"u8));
        }
    }

    private static void CheckPattern(byte[] input)
    {
        var parts = Encoding.Latin1.GetString(input).Split('\n', 2);
        if (!HttpPattern.TryCreate(parts[0], out var pattern, out var fault))
        {
            Oracle.Holds(IsOneLine(fault.Reason) && fault.Reason.Length > 0 && IsOneLine(fault.Hint), "a refused pattern has a fault of one line");
            return;
        }

        // Long texts out of a short one are where automata blow up.
        var piece = Encoding.Latin1.GetBytes(parts.Length > 1 && parts[1].Length > 0 ? parts[1] : "a");
        pattern.Matches(piece);
        var text = Enumerable.Repeat(piece, 8192 / piece.Length + 1).SelectMany(bytes => bytes).ToArray();
        pattern.Matches(text);
        pattern.Matches([.. text, (byte)'!']);
    }

    private static void CheckCluster(byte[] input)
    {
        var state = ManifestFileState.Unread.Read(File, input);
        var composer = new SnapshotComposer(new ClusterOptions());
        var snapshot = composer.Compose(ClusterSnapshot.Empty, [state], []);
        CheckFaults(snapshot.Faults);
        Oracle.Holds(snapshot.Workloads.All(workload => workload.External is not null || workload.ExpectedId.TrustDomain == Domain), "every pod is of our trust domain");
        Oracle.Holds(snapshot.Workloads.All(workload => workload.External is null || workload.Addresses.All(snapshot.IsPodAddress)), "a machine's address is its own or nobody's");
        Oracle.Holds(!snapshot.Addresses.Keys.Any(snapshot.RefusedAddresses.Contains), "a refused address is nobody's");
        Oracle.Holds(snapshot.Addresses.All(pair => pair.Value.Addresses.Contains(pair.Key)), "an address belongs to the workload that has it");
        // A file that breaks later must not open anything that it closed.
        var later = composer.Compose(snapshot, [state.Read(File, [.. input, .. "\n\0"u8])], []);
        Oracle.Holds(later.Workloads.Count >= snapshot.Workloads.Count && later.Documents.Count >= snapshot.Documents.Count, "a broken file keeps what was good");
    }

    private static void CheckEntries(byte[] input)
    {
        var file = ReadFile(input);
        CheckEntries(() => new EntriesFormat(Domain).Read(file));
        CheckEntries(() => new PodFormat(Domain, SpiffeIdTemplate.Default).Read(file));
    }

    private static void CheckEntries(Func<RegisteredContent> read)
    {
        try
        {
            var content = read();
            foreach (var entry in content.Entries.Concat(new PodEntries(Domain, SpiffeIdTemplate.Default).Of(content.Pods, content.Namespaces, content.Identities)))
                Oracle.Holds(entry.SpiffeId.TrustDomain == Domain && entry.SpiffeId.Path.Length > 1 && entry.Selectors.Count > 0, "an entry names a workload of our trust domain, and whom it is for");
        }
        catch (RegistrationRefused refused)
        {
            Oracle.Holds(IsOneLine(refused.Describe(File)), "a refusal is one line");
        }
    }

    private static ManifestFile ReadFile(byte[] input)
    {
        var file = ManifestReader.Read(File, input);
        Oracle.Holds(file.Faults.Count == 0 || file.Documents.Count == 0, "a faulty file has no document");
        CheckFaults(file.Faults);
        return file;
    }

    private static void CheckFaults(IEnumerable<ManifestFault> faults)
    {
        foreach (var fault in faults)
            Oracle.Holds(IsOneLine(fault.ToString()) && fault is { Line: > 0, Column: > 0 }, $"a fault is one line and has a place: {fault}");
    }

    private static bool IsOneLine(string text) => !text.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029');
}
