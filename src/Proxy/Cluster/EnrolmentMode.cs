namespace Proxy.Cluster;

/// <summary>How far a workload takes part, as `node-proxy.dev/mode` says.</summary>
internal enum EnrolmentMode
{
    /// <summary>Not captured: peers reach it in plaintext, identified by address only.</summary>
    Disabled,

    /// <summary>Captured; peers that are enrolled too are reached with mutual TLS only.</summary>
    Enabled,

    /// <summary>Captured; mutual TLS where the peer offers it.</summary>
    Permissive,
}
