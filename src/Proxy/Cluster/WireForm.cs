namespace Proxy.Cluster;

/// <summary>What passes between a workload's port and its peers' node-proxies.</summary>
internal enum WireForm
{
    /// <summary>The application's bytes as they are; nobody proves anything.</summary>
    Plaintext,

    /// <summary>Mutual TLS of the workload's own making: the TLS stream is the application's.</summary>
    MutualTls,

    /// <summary>Mutual TLS by a node-proxy before the workload, which carries streams in tunnels.</summary>
    Tunnels,
}
