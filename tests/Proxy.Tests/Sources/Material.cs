using Google.Protobuf;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;
using Workload = Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Tests.Sources;

/// <summary>SVIDs of one trust domain, as the APIs send them.</summary>
internal sealed class Material(string domain = "cluster.local") : IDisposable
{
    private readonly CertificateAuthority _authority = CertificateAuthority.Create(new TrustDomain(domain), TimeProvider.System);

    public TrustDomain Domain => _authority.TrustDomain;

    public ByteString Roots => ByteString.CopyFrom(_authority.RootCertificate.Span);

    public SpiffeId Id(string name) => SpiffeId.Parse($"spiffe://{domain}/{name}");

    public X509Svid Svid(string name)
    {
        var issued = _authority.Issue(Id(name), TimeSpan.FromHours(1));
        Assert.True(X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out var svid, out var error), error);
        return svid;
    }

    public Workload.X509SVID WorkloadMessage(string name, string hint = "")
    {
        var issued = _authority.Issue(Id(name), TimeSpan.FromHours(1));
        return new Workload.X509SVID
        {
            SpiffeId = issued.Id.ToString(),
            X509Svid = ByteString.CopyFrom(issued.Certificate.Span),
            X509SvidKey = ByteString.CopyFrom(issued.PrivateKey.Span),
            Bundle = Roots,
            Hint = hint,
        };
    }

    public void Dispose() => _authority.Dispose();
}
