using Lab;

namespace Proxy.Linux.Tests.EndToEnd.NftTwoWorkers;

public sealed class NftMesh() : Mesh(new LabOptions { Iptables = "nft", Tls = "libssl", Workers = 2 });
