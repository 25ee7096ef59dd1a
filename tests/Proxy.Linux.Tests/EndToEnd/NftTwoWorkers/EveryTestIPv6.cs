namespace Proxy.Linux.Tests.EndToEnd.NftTwoWorkers;

[Collection(EndToEndCollection.Name)]
public sealed class BulkTransferIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.BulkTransferTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class HalfCloseIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.HalfCloseTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class LateManifestIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.LateManifestTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class LivePolicyIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.LivePolicyTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class ManyConnectionsIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.ManyConnectionsTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class RefusedPortIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.RefusedPortTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class ResetIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.ResetTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class ServerFirstIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.ServerFirstTests(mesh), IClassFixture<NftMeshIPv6>;

[Collection(EndToEndCollection.Name)]
public sealed class StalledReaderIPv6Tests(NftMeshIPv6 mesh) : EndToEnd.StalledReaderTests(mesh), IClassFixture<NftMeshIPv6>;
