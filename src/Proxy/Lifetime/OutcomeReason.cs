namespace Proxy.Lifetime;

/// <summary>Why a connection ended as it did. Closed: fit for a metric's label, and each has one thing to check.</summary>
internal enum OutcomeReason
{
    /// <summary>Both directions ended in order.</summary>
    Completed,

    /// <summary>One end reset the connection, or ended it without saying so (TCP end before close_notify).</summary>
    Reset,

    /// <summary>Policy refused. Check the policies that select the server or client; the flow names the rules.</summary>
    PolicyDenied,

    /// <summary>A policy document that could not be read closes this workload. Check the faults of the documents.</summary>
    PolicyUnreadable,

    /// <summary>Policy demands mutual authentication and there is none.</summary>
    AuthenticationRequired,

    /// <summary>A policy change now refuses this live connection.</summary>
    PolicyChanged,

    /// <summary>A policy change now demands that requests be judged, and this connection has no gate.</summary>
    GateRequired,

    /// <summary>The client's address belongs to no workload known here. Check that its manifest has arrived.</summary>
    UnknownClient,

    /// <summary>Another pod claims the same address, or has the same identity number with other labels. Check the faults of the manifests.</summary>
    DisputedWorkload,

    /// <summary>The client used an address that is not its pod's.</summary>
    SpoofedClient,

    /// <summary>The address lies in a pod range and belongs to no workload known here, or to several or refused ones.</summary>
    UnknownServer,

    /// <summary>The machine outside the cluster lists its ports, and not this one. Check spec.ports of its ExternalWorkload.</summary>
    PortNotOffered,

    /// <summary>The Service has no such port, or no ready endpoint.</summary>
    NoEndpoint,

    /// <summary>A pod of this connection was removed, or another took its address.</summary>
    WorkloadChanged,

    /// <summary>No valid SVID for the client's workload. Check its registration.</summary>
    NoClientSvid,

    /// <summary>No valid SVID for the server's workload. Check its registration.</summary>
    NoServerSvid,

    /// <summary>No bundle for the peer's trust domain. Check federation and the identity source.</summary>
    NoBundle,

    /// <summary>The peer presented no certificate.</summary>
    PeerWithoutCertificate,

    /// <summary>The peer's certificate does not lead to the trust domain's bundle.</summary>
    PeerUntrusted,

    /// <summary>As <see cref="PeerUntrusted"/>; the certificate names addresses to fetch its issuer from, and nothing is ever fetched. Check that the peer presents all of its chain.</summary>
    PeerIssuerNotFetched,

    /// <summary>The peer's certificate has expired. Check its rotation and both clocks.</summary>
    PeerExpired,

    /// <summary>The peer's certificate is not valid yet. Check both clocks.</summary>
    PeerNotYetValid,

    /// <summary>The peer's certificate names no SPIFFE ID.</summary>
    PeerWithoutSpiffeId,

    /// <summary>The peer's certificate has several URI names.</summary>
    PeerSeveralUriNames,

    /// <summary>The peer's certificate is not an X.509-SVID (SPIFFE X509-SVID §4, §5).</summary>
    PeerMalformedSvid,

    /// <summary>The peer proved another identity than the workload at its address has.</summary>
    PeerUnexpectedId,

    /// <summary>An SVID of this live connection expired as long ago as --max-age-past-expiry allows. Check both nodes' identity sources.</summary>
    SvidOutlived,

    /// <summary>The TLS handshake failed before a certificate was judged: plaintext, another version, no common cipher.</summary>
    HandshakeFailed,

    /// <summary>The TLS handshake took longer than its limit.</summary>
    HandshakeTimedOut,

    /// <summary>Nothing listens at the server's port.</summary>
    ServerRefused,

    /// <summary>The server did not answer within the connect limit.</summary>
    ServerTimedOut,

    /// <summary>There is no way to the server.</summary>
    ServerUnreachable,

    /// <summary>
    /// The tunnel to the server's node broke before the server was reached. Whether the first bytes arrived there is
    /// not known, so they are not sent again. Check the other node and the network between.
    /// </summary>
    TunnelBroken,

    /// <summary>The other node sent what docs/TUNNEL.md forbids; the detail says what. Check its version, and who it is.</summary>
    TunnelProtocol,

    /// <summary>The server's node refused for a reason that this version does not know; the detail is its own.</summary>
    PeerRefused,

    /// <summary>The workload has as many connections, or handshakes waiting, as it may. Check --max-connections and --max-handshakes.</summary>
    TooManyConnections,

    /// <summary>The process has as many connections or buffers in use as it may, or the machine has no descriptor or port left. Check the limits in /statusz.</summary>
    OutOfResources,

    /// <summary>A request or response was not well formed, or not HTTP/1 at all, where policy demands that requests be judged.</summary>
    MalformedHttp,

    /// <summary>No byte went in either direction for as long as --idle-timeout allows.</summary>
    IdleTimedOut,

    /// <summary>One end had ended, and the other sent nothing for as long as --half-open-timeout allows.</summary>
    HalfOpenTimedOut,

    /// <summary>A bug in node-proxy; the log has the exception.</summary>
    InternalError,
}
