using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>Which rules are about a machine outside the cluster: it is known, and a member of its namespace.</summary>
public sealed class ExternalPolicyTests
{
    private const string Address = "192.0.2.1";

    private static readonly Workload s_server = Pod("server", "10.0.1.2");
    private static readonly Workload s_machine =
        Machine("teller", Address, WireForm.MutualTls, SpiffeId.Parse("spiffe://example.org/teller"));

    [Theory]
    [InlineData("fromEndpoints: [{matchLabels: {app: teller} }]", true)]
    [InlineData("fromEndpoints: [{matchLabels: {app: other} }]", false)]
    [InlineData("fromEndpoints: [{}]", true)]
    [InlineData("fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': other} }]", false)]
    [InlineData("fromEndpoints: [{matchExpressions: [{key: 'k8s:io.cilium.k8s.policy.serviceaccount', operator: Exists}] }]", false)]
    [InlineData("fromEntities: [all]", true)]
    [InlineData("fromEntities: [cluster]", true)]
    [InlineData("fromEntities: [world]", false)]
    [InlineData("fromEntities: [remote-node]", false)]
    [InlineData("fromCIDR: [192.0.2.0/24]", false)]
    [InlineData("fromCIDR: [0.0.0.0/0]", false)]
    public void A_rule_is_about_its_labels_and_never_about_its_address(string peers, bool isAllowed)
    {
        var mesh = new MeshSnapshot(ClusterOf(Ingress(peers), s_machine, s_server), IdentitySnapshot.Empty);
        var parties = new Parties(
            new Party(new Endpoint(AddressOf(Address), 40000), s_machine), new Party(new Endpoint(AddressOf("10.0.1.2"), Port), s_server), null);
        Assert.Equal(isAllowed, Judgement.Of(mesh, parties, PeerAuthentication.Authenticated, ThisNode).IsAllowed);
    }

    [Theory]
    [InlineData(PeerAuthentication.Authenticated, true)]
    [InlineData(PeerAuthentication.NotYetKnown, true)]
    [InlineData(PeerAuthentication.Unauthenticated, false)]
    public void It_can_meet_a_demand_for_authentication(PeerAuthentication authentication, bool isAllowed)
    {
        var policy = Ingress($"fromEndpoints: [{{matchLabels: {{app: teller}} }}]\n      {RequireAuthentication}");
        var mesh = new MeshSnapshot(ClusterOf(policy, s_machine, s_server), IdentitySnapshot.Empty);
        var parties = new Parties(
            new Party(new Endpoint(AddressOf(Address), 40000), s_machine), new Party(new Endpoint(AddressOf("10.0.1.2"), Port), s_server), null);
        Assert.Equal(isAllowed, Judgement.Of(mesh, parties, authentication, ThisNode).IsAllowed);
    }

    [Theory]
    [InlineData(WireForm.MutualTls)]
    [InlineData(WireForm.Tunnels)]
    [InlineData(WireForm.Plaintext)]
    public void What_selects_it_is_enforced_by_the_clients_node_requests_included(object form)
    {
        var machine = Machine("server", Address, (WireForm)form, SpiffeId.Parse("spiffe://example.org/server"));
        var client = Pod("client", "10.0.1.1");
        var stranger = Pod("stranger", "10.0.1.3");
        var mesh = new MeshSnapshot(ClusterOf(ServerAdmitsClient(ports: OnlyOpen(Port)), machine, client, stranger), IdentitySnapshot.Empty);
        var server = new Party(new Endpoint(AddressOf(Address), Port), machine);
        Judgement Judge(Workload from) => Judgement.Of(
            mesh, new Parties(new Party(new Endpoint(from.Addresses[0], 40000), from), server, null), PeerAuthentication.Unauthenticated, ThisNode);
        Assert.Equal(OutcomeReason.PolicyDenied, Judge(stranger).Refusal);
        Assert.NotNull(Judge(client).Http);
    }

    private static string Ingress(string peers) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: server, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: server} }
          ingress:
            - {{peers}}
        """;
}
