using Lab;

namespace Proxy.Linux.Tests.EndToEnd.LegacyOneWorker;

public sealed class LegacyFaultLab() : FaultLab(new LabOptions { Iptables = "legacy", Workers = 1 });
