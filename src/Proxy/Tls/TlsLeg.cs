using System.Net.Security;
using Proxy.Engine;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// A leg with mutual TLS 1.3 over a plain one. An end is close_notify, in both directions; TCP's own end without it
/// is a broken connection, never an orderly one.
/// </summary>
internal abstract class TlsLeg : Leg
{
    /// <summary>The protocol agreed on by ALPN; empty when none was.</summary>
    internal abstract SslApplicationProtocol Protocol { get; }

    /// <summary>While the handshake lasts: its client's turns.</summary>
    internal abstract HandshakeTurn? Turn { get; set; }

    /// <summary>Null when the handshake succeeded and the verifier agreed, otherwise what TLS said.</summary>
    /// <param name="svid">Who we are.</param>
    /// <param name="verifier">Judges the server's certificate.</param>
    /// <param name="offersTunnel">Whether the server may be a node-proxy: otherwise no protocol is offered.</param>
    internal abstract ValueTask<string?> AuthenticateAsClientAsync(X509Svid svid, PeerVerifier verifier, bool offersTunnel = true);

    /// <inheritdoc cref="AuthenticateAsClientAsync"/>
    internal abstract ValueTask<string?> AuthenticateAsServerAsync(X509Svid svid, PeerVerifier verifier);
}
