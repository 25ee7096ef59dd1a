using Lab;

namespace Proxy.Linux.Tests.EndToEnd.LegacyOneWorker;

public sealed class LegacyMeshIPv6() : Mesh(new LabOptions { Iptables = "legacy", Tls = "sslstream", Workers = 1 }, isIPv6: true);
