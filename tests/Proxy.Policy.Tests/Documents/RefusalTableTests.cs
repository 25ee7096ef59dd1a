using static Proxy.Policy.Tests.Documents.Rendering;

namespace Proxy.Policy.Tests.Documents;

/// <summary>
/// The refusals of Cilium's API, row by row of the reference, each with the place and the reason. Rows 8, 16 and 20 are about
/// features that Cilium can switch on: they are read here, and handled as not supported yet.
/// </summary>
public sealed class RefusalTableTests
{
    private const string Cluster = "CiliumClusterwideNetworkPolicy";

    [Theory]
    [InlineData(1, "null", "", "neither spec nor specs")]
    [InlineData(2, "{endpointSelector: {}}", "spec", "declares nothing")]
    [InlineData(2, "{endpointSelector: {}, ingress: [], egress: []}", "spec.ingress", "declares nothing")]
    [InlineData(2, "{endpointSelector: {}, ingress: null, egressDeny: []}", "spec.ingress", "declares nothing")]
    [InlineData(2, "{endpointSelector: {}, enableDefaultDeny: {ingress: true}}", "spec", "declares nothing")]
    [InlineData(3, "{ingress: [{}]}", "spec", "endpointSelector is missing")]
    [InlineData(4, "{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}", "spec.nodeSelector", "cannot stand in one rule")]
    [InlineData(5, "{nodeSelector: {}, ingress: [{}]}", "spec.nodeSelector", "only a CiliumClusterwideNetworkPolicy")]
    [InlineData(6, "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], fromEntities: [all]}]}", "spec.ingress[0]", "fromEndpoints and fromEntities cannot")]
    [InlineData(6, "{endpointSelector: {}, egress: [{toCIDR: [10.0.0.0/8], toCIDRSet: [{cidr: 10.0.0.0/8}]}]}", "spec.egress[0]", "toCIDR and toCIDRSet cannot")]
    [InlineData(6, "{endpointSelector: {}, egress: [{toFQDNs: [{matchName: a}], toServices: []}]}", "spec.egress[0]", "toServices and toFQDNs cannot")]
    [InlineData(6, "{endpointSelector: {}, ingressDeny: [{fromNodes: [{}], fromGroups: []}]}", "spec.ingressDeny[0]", "fromGroups and fromNodes cannot")]
    [InlineData(7, "{endpointSelector: {}, ingress: [{fromEntities: [wrold]}]}", "spec.ingress[0].fromEntities[0]", "unknown value 'wrold'")]
    [InlineData(7, "{endpointSelector: {}, ingress: [{fromEntities: [World]}]}", "spec.ingress[0].fromEntities[0]", "unknown value 'World'")]
    [InlineData(7, "{endpointSelector: {}, ingress: [{fromEntities: [world-ipv4]}]}", "spec.ingress[0].fromEntities[0]", "unknown value 'world-ipv4'")]
    [InlineData(9, "{endpointSelector: {}, ingress: [{fromRequires: [{}]}]}", "spec.ingress[0].fromRequires", "no longer part")]
    [InlineData(9, "{endpointSelector: {}, egressDeny: [{toRequires: [{}]}]}", "spec.egressDeny[0].toRequires", "no longer part")]
    [InlineData(10, "{endpointSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}, ingress: [{}]}", "spec.endpointSelector.matchExpressions[0].operator", "unknown value 'in'")]
    [InlineData(10, "{endpointSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}, ingress: [{}]}", "spec.endpointSelector.matchExpressions[0]", "needs values")]
    [InlineData(10, "{endpointSelector: {matchExpressions: [{key: a, operator: DoesNotExist, values: [b]}]}, ingress: [{}]}", "spec.endpointSelector.matchExpressions[0]", "takes no values")]
    [InlineData(10, "{endpointSelector: {matchExpressions: [{operator: Exists}]}, ingress: [{}]}", "spec.endpointSelector.matchExpressions[0]", "needs a key")]
    [InlineData(10, "{endpointSelector: {matchLabels: {'a b': c}}, ingress: [{}]}", "spec.endpointSelector.matchLabels['a b']", "not a label key")]
    [InlineData(10, "{endpointSelector: {matchLabels: {a: 'b c'}}, ingress: [{}]}", "spec.endpointSelector.matchLabels.a", "not a label value")]
    [InlineData(10, "{endpointSelector: {matchLabels: {'kubernetes:a': b}}, ingress: [{}]}", "spec.endpointSelector.matchLabels['kubernetes:a']", "not a label source")]
    [InlineData(11, "{endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.300/8]}]}", "spec.ingress[0].fromCIDR[0]", "not a range")]
    [InlineData(11, "{endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.1]}]}", "spec.ingress[0].fromCIDR[0]", "not a range")]
    [InlineData(11, "{endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.0/33]}]}", "spec.ingress[0].fromCIDR[0]", "not a range")]
    [InlineData(11, "{endpointSelector: {}, ingress: [{fromCIDR: [010.0.0.0/8]}]}", "spec.ingress[0].fromCIDR[0]", "not a range")]
    [InlineData(11, "{endpointSelector: {}, ingress: [{fromCIDR: ['::ffff:10.0.0.0/24']}]}", "spec.ingress[0].fromCIDR[0]", "not a range")]
    [InlineData(11, "{endpointSelector: {}, egress: [{toCIDR: [10.0.0.0/255.0.255.0]}]}", "spec.egress[0].toCIDR[0]", "not a range")]
    [InlineData(11, "{endpointSelector: {}, egress: [{toCIDR: 10.0.0.0/8}]}", "spec.egress[0].toCIDR", "expected a list")]
    [InlineData(12, "{endpointSelector: {}, egress: [{toCIDRSet: [{}]}]}", "spec.egress[0].toCIDRSet[0]", "exactly one of")]
    [InlineData(12, "{endpointSelector: {}, egress: [{toCIDRSet: [{except: [10.0.0.0/8]}]}]}", "spec.egress[0].toCIDRSet[0]", "exactly one of")]
    [InlineData(12, "{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: a}]}]}", "spec.egress[0].toCIDRSet[0]", "exactly one of")]
    [InlineData(12, "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: a, cidrGroupSelector: {}}]}]}", "spec.egress[0].toCIDRSet[0]", "exactly one of")]
    [InlineData(12, "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: A_B}]}]}", "spec.egress[0].toCIDRSet[0].cidrGroupRef", "not the name")]
    [InlineData(13, "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]}", "spec.ingress[0].fromCIDRSet[0].except[0]", "not inside")]
    [InlineData(13, "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.0.0.0/7]}]}]}", "spec.ingress[0].fromCIDRSet[0].except[0]", "not inside")]
    [InlineData(13, "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: ['fd00::/16']}]}]}", "spec.ingress[0].fromCIDRSet[0].except[0]", "not inside")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{protocol: TCP}]}]}]}", "spec.ingress[0].toPorts[0].ports[0]", "port is missing")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: ''}]}]}]}", "spec.ingress[0].toPorts[0].ports[0]", "port is missing")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '70000'}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].port", "at most 65535")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '700000'}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].port", "at most 65535")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 6581-6586}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].port", "not a port number")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: a_b}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].port", "neither a port number nor")]
    [InlineData(15, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].port", "expected a string")]
    [InlineData(16, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '1', protocol: IGMP}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].port", "has no ports")]
    [InlineData(17, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '1', protocol: QUIC}]}]}]}", "spec.ingress[0].toPorts[0].ports[0].protocol", "unknown value 'QUIC'")]
    [InlineData(18, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: '1'}]}]}]}", "spec.ingress[0].icmps", "cannot stand in one item")]
    [InlineData(19, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 8, family: ipv4}]}]}]}", "spec.ingress[0].icmps[0].fields[0].family", "unknown value 'ipv4'")]
    [InlineData(19, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: PacketTooBig}]}]}]}", "spec.ingress[0].icmps[0].fields[0].type", "unknown value 'PacketTooBig'")]
    [InlineData(19, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: echoRequest}]}]}]}", "spec.ingress[0].icmps[0].fields[0].type", "unknown value 'echoRequest'")]
    [InlineData(19, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: Timestamp, family: IPv6}]}]}]}", "spec.ingress[0].icmps[0].fields[0].type", "unknown value 'Timestamp'")]
    [InlineData(19, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 256}]}]}]}", "spec.ingress[0].icmps[0].fields[0].type", "from 0 to 255")]
    [InlineData(19, "{endpointSelector: {}, ingress: [{icmps: [{fields: [{family: IPv4}]}]}]}", "spec.ingress[0].icmps[0].fields[0]", "type is missing")]
    [InlineData(21, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: UDP}], rules: {http: [{}]}}]}]}", "spec.ingress[0].toPorts[0].rules.http", "protocol TCP")]
    [InlineData(21, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80'}], rules: {kafka: [{}]}}]}]}", "spec.ingress[0].toPorts[0].rules.kafka", "protocol TCP")]
    [InlineData(22, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '0', protocol: TCP}], rules: {http: [{}]}}]}]}", "spec.ingress[0].toPorts[0].rules.http", "not port 0")]
    [InlineData(22, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '0', protocol: UDP}], rules: {dns: [{matchPattern: '*'}]}}]}]}", "spec.egress[0].toPorts[0].rules.dns", "not port 0")]
    [InlineData(22, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '0', protocol: TCP}], rules: {l7proto: x}}]}]}", "spec.egress[0].toPorts[0].rules.l7proto", "not port 0")]
    [InlineData(23, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}], dns: [{matchPattern: '*'}]}}]}]}", "spec.egress[0].toPorts[0].rules", "kind")]
    [InlineData(24, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}]}", "spec.ingress[0].toPorts[0].rules.dns", "egress only")]
    [InlineData(24, "{endpointSelector: {}, egress: [{toPorts: [{rules: {dns: [{matchPattern: '*'}]}}]}]}", "spec.egress[0].toPorts[0].rules.dns", "need a port")]
    [InlineData(24, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '53', endPort: 54}], rules: {dns: [{matchPattern: '*'}]}}]}]}", "spec.egress[0].toPorts[0].rules.dns", "not a range")]
    [InlineData(26, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80'}], listener: {name: l, envoyConfig: {name: c}}}]}]}", "spec.ingress[0].toPorts[0].listener", "egress only")]
    [InlineData(26, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}, listener: {name: l, envoyConfig: {name: c}}}]}]}", "spec.egress[0].toPorts[0].listener", "beside rules")]
    [InlineData(26, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '80'}], listener: {name: l, priority: 101, envoyConfig: {name: c}}}]}]}", "spec.egress[0].toPorts[0].listener.priority", "from 1 to 100")]
    [InlineData(26, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '80'}], listener: {name: l}}]}]}", "spec.egress[0].toPorts[0].listener", "envoyConfig is missing")]
    [InlineData(26, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '80'}], listener: {envoyConfig: {kind: EnvoyConfig, name: c}}}]}]}", "spec.egress[0].toPorts[0].listener.envoyConfig.kind", "unknown value 'EnvoyConfig'")]
    [InlineData(27, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], serverNames: ['']}]}]}", "spec.egress[0].toPorts[0].serverNames[0]", "empty server name")]
    [InlineData(27, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], serverNames: [a], rules: {http: [{}]}}]}]}", "spec.egress[0].toPorts[0].serverNames", "need terminatingTLS")]
    [InlineData(28, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], terminatingTLS: {secret: {namespace: a}}}]}]}", "spec.egress[0].toPorts[0].terminatingTLS.secret", "name of the secret is missing")]
    [InlineData(28, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], originatingTLS: {}}]}]}", "spec.egress[0].toPorts[0].originatingTLS", "secret is missing")]
    [InlineData(29, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: '('}]}}]}]}", "spec.ingress[0].toPorts[0].rules.http[0].method", "")]
    [InlineData(29, "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{path: '(?=a)'}]}}]}]}", "spec.ingress[0].toPorts[0].rules.http[0].path", "")]
    [InlineData(31, "{endpointSelector: {}, egress: [{toFQDNs: [{matchName: a, matchPattern: b}]}]}", "spec.egress[0].toFQDNs[0]", "cannot stand in one entry")]
    [InlineData(31, "{endpointSelector: {}, egress: [{toFQDNs: [{matchName: '*.a'}]}]}", "spec.egress[0].toFQDNs[0].matchName", "not a host name")]
    [InlineData(31, "{endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: 'a/b'}]}]}", "spec.egress[0].toFQDNs[0].matchPattern", "not a pattern")]
    [InlineData(31, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchName: 'a b'}]}}]}]}", "spec.egress[0].toPorts[0].rules.dns[0].matchName", "not a host name")]
    [InlineData(32, "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: optional}}]}", "spec.ingress[0].authentication.mode", "unknown value 'optional'")]
    public void A_row_of_the_table(int row, string spec, string path, string reason) => AssertRefused(row, spec, path, reason, "CiliumNetworkPolicy");

    [Theory]
    [InlineData(3, "{ingress: [{}]}", "spec", "endpointSelector is missing")]
    [InlineData(4, "{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}", "spec.nodeSelector", "cannot stand in one rule")]
    [InlineData(25, "{nodeSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}}]}]}", "spec.ingress[0].toPorts[0].rules", "cannot look at requests")]
    [InlineData(26, "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '80'}], listener: {name: l, envoyConfig: {kind: CiliumEnvoyConfig, name: c}}}]}]}", "spec.egress[0].toPorts[0].listener.envoyConfig.kind", "cannot name a listener")]
    public void A_row_about_policies_of_the_cluster(int row, string spec, string path, string reason) => AssertRefused(row, spec, path, reason, Cluster);

    [Theory]
    [InlineData("port: '{0}'", "toPorts: [{{ports: [{0}]}}]", "toPorts[0].ports", "more than 40 ports")]
    [InlineData("type: {0}", "icmps: [{{fields: [{0}]}}]", "icmps[0].fields", "more than 40 fields")]
    public void Row_14_forty_are_read_and_forty_one_are_refused(string entry, string item, string path, string reason)
    {
        Assert.Single(Good(Spec(40)).Sections[0].Rules);
        var fault = Bad(Spec(41)).Faults[0];
        Assert.Equal(($"spec.ingress[0].{path}", true), (fault.Path, fault.Reason.Contains(reason, StringComparison.Ordinal)));

        string Spec(int count) => $"{{endpointSelector: {{}}, ingress: [{{{Item(count)}}}]}}";
        string Item(int count) => string.Format(null, item, string.Join(", ", Enumerable.Range(1, count).Select(i => $"{{{string.Format(null, entry, i)}}}")));
    }

    [Theory]
    [InlineData("log: {value: x12345678901234567890123456789012}", "spec.log.value")]
    [InlineData("log: {value: \"a\\tb\"}", "spec.log.value")]
    [InlineData("log: {vlaue: a}", "spec.log.vlaue")]
    [InlineData("labels: {a: b}", "spec.labels")]
    [InlineData("labels: [{value: b}]", "spec.labels[0]")]
    [InlineData("labels: [{key: a, values: b}]", "spec.labels[0].values")]
    [InlineData("description: [a]", "spec.description")]
    [InlineData("enableDefaultDeny: true", "spec.enableDefaultDeny")]
    [InlineData("enableDefaultDeny: {ingress: 'false'}", "spec.enableDefaultDeny.ingress")]
    [InlineData("enableDefaultDeny: {ingress: no}", "spec.enableDefaultDeny.ingress")]
    [InlineData("enableDefaultDeny: {ingress: off}", "spec.enableDefaultDeny.ingress")]
    [InlineData("enableDefaultDeny: {ingress: 0}", "spec.enableDefaultDeny.ingress")]
    [InlineData("enableDefaultDeny: {ingress: null}", "spec.enableDefaultDeny.ingress")]
    [InlineData("enableDefaultDeny: {ingres: false}", "spec.enableDefaultDeny.ingres")]
    public void What_else_a_rule_says(string key, string path) =>
        Assert.Equal(path, Bad($"{{endpointSelector: {{}}, ingress: [{{}}], {key}}}").Faults[0].Path);

    [Fact]
    public void A_log_value_of_32_characters_is_read() =>
        Assert.Equal(32, Good("{endpointSelector: {}, ingress: [{}], log: {value: x1234567890123456789012345678901}}").Sections[0].LogValue.Length);

    private static void AssertRefused(int row, string spec, string path, string reason, string kind)
    {
        var document = Bad(spec, kind);
        var fault = document.Faults.FirstOrDefault(fault => fault.Path == path && fault.Reason.Contains(reason, StringComparison.Ordinal));

        Assert.True(fault is not null, $"row {row}: {string.Join("; ", document.Faults)}");
        Assert.True(fault.Line == 4 || path.Length == 0, fault.ToString());
        Assert.All(document.Sections, section => Assert.True(section.IsClosed));
    }
}
