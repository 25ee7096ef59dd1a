using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>What the embedded issuer is told.</summary>
internal sealed record IssuerOptions
{
    /// <summary>A shorter lifetime would be over before it is used: certificates count in whole seconds.</summary>
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromSeconds(2);

    /// <summary>The Unix socket of the Delegated Identity API, for the issuer's own user and root.</summary>
    public required string SocketPath { get; init; }

    /// <summary>The Unix socket of the Workload API, for every local process; null: not served.</summary>
    public string? WorkloadSocketPath { get; init; }

    /// <summary>The Unix socket of the Broker API; null: not served.</summary>
    public string? BrokerSocketPath { get; init; }

    /// <summary>Who may use the Broker API.</summary>
    public IReadOnlyList<SpiffeIdPattern> Brokers { get; init; } = [];

    /// <summary>TCP port of the bundle endpoint (profile https_spiffe), on every address; null: not served.</summary>
    public ushort? BundlePort { get; init; }

    /// <summary>TCP port of the bundle endpoint with profile https_web, on every address; null: not served.</summary>
    public ushort? BundleWebPort { get; init; }

    /// <summary>Certificates in PEM, the server's first, for profile https_web; read again when they change.</summary>
    public string? BundleCertificateFile { get; init; }

    /// <summary>The certificate's key in PEM.</summary>
    public string? BundleKeyFile { get; init; }

    /// <summary>Holds the authority's key; only its owner may enter it.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The trust domain that is signed for.</summary>
    public TrustDomain TrustDomain { get; init; } = new("cluster.local");

    /// <summary>What the IDs of the pods of <see cref="ManifestDirectory"/> are made of.</summary>
    public SpiffeIdTemplate SpiffeIds { get; init; } = SpiffeIdTemplate.Default;

    /// <summary>The file of registration entries, if any.</summary>
    public string? EntriesFile { get; init; }

    /// <summary>The directory of manifests whose pods are registered, if any.</summary>
    public string? ManifestDirectory { get; init; }

    /// <summary>How long an SVID is valid; it is replaced at half of that.</summary>
    public TimeSpan SvidLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long an authority that is made from now on is valid; the next one signs at five sixths of that.</summary>
    public TimeSpan AuthorityLifetime { get; init; } = CertificateAuthority.Lifetime;

    /// <summary>The issuer's own ID, which its Broker API and its bundle endpoint prove.</summary>
    public SpiffeId OwnId => SpiffeId.Parse($"{TrustDomain.Id}/node-proxy/issuer");
}
