using Lab;

namespace Proxy.Linux.Tests.EndToEnd.NftTwoWorkers;

public sealed class NftMeshIPv6() : Mesh(new LabOptions { Iptables = "nft", Tls = "libssl", Workers = 2 }, isIPv6: true);
