using Lab;

namespace Proxy.Linux.Tests.EndToEnd.LegacyOneWorker;

public sealed class LegacyFaultLab() : FaultLab(new LabOptions { Iptables = "legacy", Tls = "sslstream", Workers = 1 });
