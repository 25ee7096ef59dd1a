namespace Proxy.Tls;

/// <summary>What a leg is in its handshake.</summary>
internal enum TlsRole
{
    /// <summary>Serves tunnels, and whoever comes without one.</summary>
    Server,

    /// <summary>Asks for a tunnel, and takes what it gets.</summary>
    TunnelClient,

    /// <summary>Speaks to a server that is no node-proxy, and offers no protocol.</summary>
    Client,
}
