using Lab;

namespace Proxy.Linux.Tests.EndToEnd.NftTwoWorkers;

public sealed class NftFaultLab() : FaultLab(new LabOptions { Iptables = "nft", Tls = "libssl", Workers = 2 });
