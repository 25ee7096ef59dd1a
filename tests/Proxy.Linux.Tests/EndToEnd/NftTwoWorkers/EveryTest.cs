namespace Proxy.Linux.Tests.EndToEnd.NftTwoWorkers;

[Collection(EndToEndCollection.Name)]
public sealed class BulkTransferTests(NftMesh mesh) : EndToEnd.BulkTransferTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class FirstRequestTests(NftMesh mesh) : EndToEnd.FirstRequestTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class HalfCloseTests(NftMesh mesh) : EndToEnd.HalfCloseTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class KilledProxyTests(NftMesh mesh) : EndToEnd.KilledProxyTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class LateManifestTests(NftMesh mesh) : EndToEnd.LateManifestTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class LivePolicyTests(NftMesh mesh) : EndToEnd.LivePolicyTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class ManyConnectionsTests(NftMesh mesh) : EndToEnd.ManyConnectionsTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class RefusedPortTests(NftMesh mesh) : EndToEnd.RefusedPortTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class ResetTests(NftMesh mesh) : EndToEnd.ResetTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class ServerFirstTests(NftMesh mesh) : EndToEnd.ServerFirstTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class SpiffeServerTests(NftMesh mesh) : EndToEnd.SpiffeServerTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class StalledReaderTests(NftMesh mesh) : EndToEnd.StalledReaderTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class StrangerTests(NftMesh mesh) : EndToEnd.StrangerTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class PeerFaultTests(NftFaultLab fault) : EndToEnd.PeerFaultTests(fault), IClassFixture<NftFaultLab>;

[Collection(EndToEndCollection.Name)]
public sealed class DescriptorTests(NftMesh mesh) : EndToEnd.DescriptorTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class LabVariantTests(NftMesh mesh) : EndToEnd.LabVariantTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class TunnelReuseTests(NftMesh mesh) : EndToEnd.TunnelReuseTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class RandomPacketTests(NftMesh mesh) : EndToEnd.RandomPacketTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class FlowTests(NftMesh mesh) : EndToEnd.FlowTests(mesh), IClassFixture<NftMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class RuleLossTests(NftMesh mesh) : EndToEnd.RuleLossTests(mesh), IClassFixture<NftMesh>;
