using System.Security.Cryptography.X509Certificates;
using Proxy.Lifetime;
using Proxy.Telemetry;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>Whoever comes with a certificate that proves nothing gets no further, and the flow says what was wrong with it.</summary>
public sealed class ImpostorTests : IDisposable
{
    private readonly Stage _stage = new();

    public static TheoryData<string, string> Impostors => new()
    {
        { "none", nameof(OutcomeReason.PeerWithoutCertificate) },
        { "stranger", nameof(OutcomeReason.PeerUntrusted) },
        { "stranger with an address", nameof(OutcomeReason.PeerIssuerNotFetched) },
        { "expired", nameof(OutcomeReason.PeerExpired) },
        { "early", nameof(OutcomeReason.PeerNotYetValid) },
        { "nameless", nameof(OutcomeReason.PeerWithoutSpiffeId) },
        { "two names", nameof(OutcomeReason.PeerSeveralUriNames) },
        { "no SPIFFE ID", nameof(OutcomeReason.PeerMalformedSvid) },
    };

    public void Dispose() => _stage.Dispose();

    [Theory]
    [MemberData(nameof(Impostors))]
    [Produces(OutcomeReason.PeerWithoutCertificate, OutcomeReason.PeerUntrusted, OutcomeReason.PeerIssuerNotFetched, OutcomeReason.PeerExpired,
        OutcomeReason.PeerNotYetValid, OutcomeReason.PeerWithoutSpiffeId, OutcomeReason.PeerSeveralUriNames, OutcomeReason.PeerMalformedSvid)]
    public async Task An_impostor_never_reaches_the_pod(string impostor, string reason)
    {
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        _stage.PublishSvids();
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(Stage.ServerOn(ThisNode)));
        var story = _stage.ComeInAsync(captured);
        await Patience.OnThread(() => Record.Exception(() => client.StartClientTls(TestPki.ClientOptions(Forge(impostor)))));
        var outcome = await story.Soon();
        Assert.Equal(reason, outcome.Reason.ToString());
        Assert.False(_stage.Server.HasCaller());

        var cursor = new FlowCursor(_stage.Flows);
        Assert.Equal(FlowReadResult.Read, cursor.Read(cursor.Next - 1, out var flow));
        Assert.Equal([$"reason={outcome.Reason.Text()}"], flow!.PolicyLog);
        await _stage.AssertNothingHeldAsync();
    }

    private X509Certificate2? Forge(string impostor)
    {
        const string right = "spiffe://cluster.local/ns/default/sa/client";
        return impostor switch
        {
            "none" => null,
            "stranger" => Stranger([]),
            "stranger with an address" => Stranger([new X509AuthorityInformationAccessExtension([], ["http://127.0.0.1:1/issuer.crt"])]),
            "expired" => _stage.Pki.Forge([right], TimeSpan.FromSeconds(-40), TimeSpan.FromSeconds(-10)),
            "early" => _stage.Pki.Forge([right], TimeSpan.FromMinutes(10)),
            "nameless" => _stage.Pki.Forge([]),
            "two names" => _stage.Pki.Forge([right, "spiffe://cluster.local/ns/default/sa/other"]),
            _ => _stage.Pki.Forge(["https://cluster.local/ns/default/sa/client"]),
        };
    }

    private static X509Certificate2 Stranger(X509Extension[] extensions)
    {
        using var pki = new TestPki();
        return pki.Forge(["spiffe://cluster.local/ns/default/sa/client"], null, null, extensions);
    }
}
