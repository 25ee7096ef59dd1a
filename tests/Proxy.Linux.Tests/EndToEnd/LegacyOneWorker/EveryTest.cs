namespace Proxy.Linux.Tests.EndToEnd.LegacyOneWorker;

[Collection(EndToEndCollection.Name)]
public sealed class BulkTransferTests(LegacyMesh mesh) : EndToEnd.BulkTransferTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class FirstRequestTests(LegacyMesh mesh) : EndToEnd.FirstRequestTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class HalfCloseTests(LegacyMesh mesh) : EndToEnd.HalfCloseTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class KilledProxyTests(LegacyMesh mesh) : EndToEnd.KilledProxyTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class LateManifestTests(LegacyMesh mesh) : EndToEnd.LateManifestTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class LivePolicyTests(LegacyMesh mesh) : EndToEnd.LivePolicyTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class ManyConnectionsTests(LegacyMesh mesh) : EndToEnd.ManyConnectionsTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class RefusedPortTests(LegacyMesh mesh) : EndToEnd.RefusedPortTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class ResetTests(LegacyMesh mesh) : EndToEnd.ResetTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class ServerFirstTests(LegacyMesh mesh) : EndToEnd.ServerFirstTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class SpiffeServerTests(LegacyMesh mesh) : EndToEnd.SpiffeServerTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class StalledReaderTests(LegacyMesh mesh) : EndToEnd.StalledReaderTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class StrangerTests(LegacyMesh mesh) : EndToEnd.StrangerTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class PeerFaultTests(LegacyFaultLab fault) : EndToEnd.PeerFaultTests(fault), IClassFixture<LegacyFaultLab>;

[Collection(EndToEndCollection.Name)]
public sealed class DescriptorTests(LegacyMesh mesh) : EndToEnd.DescriptorTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class LabVariantTests(LegacyMesh mesh) : EndToEnd.LabVariantTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class TunnelReuseTests(LegacyMesh mesh) : EndToEnd.TunnelReuseTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class RandomPacketTests(LegacyMesh mesh) : EndToEnd.RandomPacketTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class FlowTests(LegacyMesh mesh) : EndToEnd.FlowTests(mesh), IClassFixture<LegacyMesh>;

[Collection(EndToEndCollection.Name)]
public sealed class RuleLossTests(LegacyMesh mesh) : EndToEnd.RuleLossTests(mesh), IClassFixture<LegacyMesh>;
