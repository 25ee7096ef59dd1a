using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Native;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// What libssl needs for a handshake: one context per SVID generation and role, made without a look at any trust store.
/// No resumption: every connection proves its identity anew.
/// </summary>
internal static class LibSslContexts
{
    // Keys of RSA with 8192 bits take less.
    private const int LargestKey = 8 * 1024;

    private static readonly AlpnList Served = new([.. TlsContexts.Served.Select(protocol => protocol.Protocol)]);
    private static readonly AlpnList Offered = new(TlsContexts.TunnelProtocol.Protocol);
    private static readonly AlpnList Nothing = new();

    // A context lives as long as the SVID it was made from, and then as long as the sessions that were opened with it.
    private static readonly ConditionalWeakTable<X509Svid, SslContext> TunnelClients = [];
    private static readonly ConditionalWeakTable<X509Svid, SslContext> Clients = [];
    private static readonly ConditionalWeakTable<X509Svid, SslContext> Servers = [];

    /// <exception cref="IOException">libssl does not take the certificate or its key.</exception>
    internal static SslContext Of(X509Svid svid, TlsRole role) => role switch
    {
        TlsRole.Server => Servers.GetValue(svid, static made => Create(made, isServer: true, Served)),
        TlsRole.TunnelClient => TunnelClients.GetValue(svid, static made => Create(made, isServer: false, Offered)),
        _ => Clients.GetValue(svid, static made => Create(made, isServer: false, Nothing)),
    };

    /// <inheritdoc cref="TlsEngines.Prepare"/>
    internal static void Prepare(IEnumerable<X509Svid> svids)
    {
        foreach (var svid in svids)
        {
            try
            {
                Of(svid, TlsRole.TunnelClient);
                Of(svid, TlsRole.Server);
            }
            catch (IOException)
            {
                // The handshake that needs it says why.
            }
        }
    }

    private static SslContext Create(X509Svid svid, bool isServer, AlpnList protocols)
    {
        ReadOnlyMemory<byte>[] chain = [svid.Certificate.RawDataMemory, .. svid.Intermediates.Select(certificate => certificate.RawDataMemory)];
        // On the stack, where the collector leaves no copies of it.
        Span<byte> key = stackalloc byte[LargestKey];
        try
        {
            return SslContext.Create(isServer, chain, key[..ExportKey(svid.Certificate, key)], protocols);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static int ExportKey(X509Certificate2 certificate, Span<byte> key)
    {
        try
        {
            using AsymmetricAlgorithm? held = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
            if (held is not null && held.TryExportPkcs8PrivateKey(key, out var length))
                return length;
        }
        catch (CryptographicException)
        {
            // Its text is not under our control, and a key was in reach.
        }

        throw new IOException("The key of an SVID cannot be handed to libssl.");
    }
}
