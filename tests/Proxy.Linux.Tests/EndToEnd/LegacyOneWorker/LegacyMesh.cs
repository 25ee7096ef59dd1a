using Lab;

namespace Proxy.Linux.Tests.EndToEnd.LegacyOneWorker;

public sealed class LegacyMesh() : Mesh(new LabOptions { Iptables = "legacy", Tls = "sslstream", Workers = 1 });
