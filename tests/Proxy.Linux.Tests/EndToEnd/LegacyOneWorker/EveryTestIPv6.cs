namespace Proxy.Linux.Tests.EndToEnd.LegacyOneWorker;

[Collection(EndToEndCollection.Name)]
public sealed class BulkTransferIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.BulkTransferTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class HalfCloseIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.HalfCloseTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class LateManifestIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.LateManifestTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class LivePolicyIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.LivePolicyTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class ManyConnectionsIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.ManyConnectionsTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class RefusedPortIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.RefusedPortTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class ResetIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.ResetTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class ServerFirstIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.ServerFirstTests(mesh), IClassFixture<LegacyMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class StalledReaderIPv6Tests(LegacyMeshIPv6 mesh) : EndToEnd.StalledReaderTests(mesh), IClassFixture<LegacyMeshIPv6>;
