using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy.Labels;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Federation;

/// <summary>A live connection rests on the fetched bundle of its peer's trust domain as on any other.</summary>
public sealed class FederatedConnectionTests : IDisposable
{
    private static readonly Workload s_client = Stage.Client();
    private static readonly Workload s_server = new()
    {
        Uid = "server",
        Namespace = "default",
        Name = "server",
        ServiceAccount = "server",
        NodeName = OtherNode,
        Addresses = [AddressOf(Stage.ServerAddress)],
        Labels = new Dictionary<string, string> { ["app"] = "server" },
        Mode = EnrolmentMode.Enabled,
        IsHostNetwork = false,
        NetworkNamespace = null,
        Identity = Identity.ForPod("default", "server", new Dictionary<string, string> { ["app"] = "server" }, []),
        ExpectedId = SpiffeId.Parse("spiffe://b.test/server"),
        Owners = [],
    };

    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task It_stays_while_the_bundle_is_there_and_is_cut_without_it()
    {
        var source = Identities(_stage.Pki, ("client", _stage.Pki.Client));
        var foreign = new TrustBundle(new TrustDomain("b.test"), _stage.Pki.Bundle.Roots);
        _stage.Mesh.Publish(ClusterOf("", s_client, s_server));
        _stage.Mesh.Publish(source.WithFederated(1, [foreign]));
        await _stage.Worker.SettleAsync();
        var live = await _stage.RegisterAsync(new Parties(
            new Party(new Endpoint(AddressOf(Stage.ClientAddress), 40000), s_client), new Party(new Endpoint(AddressOf(Stage.ServerAddress), Port), s_server), null));
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, ClientIsOurs: true, ServerIsOurs: false);

        _stage.Mesh.Publish(source.WithFederated(2, [foreign]));
        Assert.Null(await _stage.Worker.AskAsync(() => live.Connection.CutReason));

        _stage.Mesh.Publish(source.WithFederated(3, []));
        Assert.Equal(OutcomeReason.NoBundle, await _stage.Worker.AskAsync(() => live.Connection.CutReason));
    }
}
