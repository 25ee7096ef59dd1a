using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

public sealed class BundleDocumentTests : IDisposable
{
    private static readonly TrustDomain Domain = new("td");

    private readonly TestAuthority _root = new();
    private readonly TestAuthority _next = new("CN=next");

    public void Dispose()
    {
        _root.Dispose();
        _next.Dispose();
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var written = new BundleDocument(new TrustBundle(Domain, [_root.Certificate, _next.Certificate]), ulong.MaxValue, TimeSpan.FromMinutes(5));

        Assert.True(BundleDocument.TryParse(Domain, written.ToJson(), out var read, out var error), error);
        Assert.True(read.Bundle.HasSameContent(written.Bundle));
        Assert.Equal((ulong.MaxValue, TimeSpan.FromMinutes(5)), (read.Sequence!.Value, read.RefreshHint!.Value));
    }

    [Fact]
    public void A_member_that_is_null_is_as_if_it_were_absent()
    {
        Assert.True(BundleDocument.TryParse(Domain, """{"keys": [], "spiffe_sequence": null, "spiffe_refresh_hint": null}"""u8.ToArray(), out var read, out var error), error);
        Assert.Equal((null, null), (read.Sequence, read.RefreshHint));
    }

    [Fact]
    public void A_key_carries_its_parameters_beside_the_certificate()
    {
        var json = JsonNode.Parse(new BundleDocument(_root.BundleOf("td"), null, null).ToJson())!;
        using var key = _root.Certificate.GetECDsaPublicKey()!;
        var point = key.ExportParameters(false).Q;

        var jwk = json["keys"]![0]!;

        Assert.Equal(("EC", "P-256", "x509-svid"), ((string)jwk["kty"]!, (string)jwk["crv"]!, (string)jwk["use"]!));
        Assert.Equal(System.Buffers.Text.Base64Url.EncodeToString(point.X), (string)jwk["x"]!);
        Assert.Null(jwk["kid"]);
        Assert.Null(json["spiffe_sequence"]);
    }

    [Fact]
    public void An_rsa_root_is_written_and_read()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=rsa", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var root = request.CreateSelfSigned(TestAuthority.Now, TestAuthority.Now.AddDays(1));
        var written = new BundleDocument(new TrustBundle(Domain, [root]), 1, null);

        Assert.Equal("AQAB", (string)JsonNode.Parse(written.ToJson())!["keys"]![0]!["e"]!);
        Assert.True(BundleDocument.TryParse(Domain, written.ToJson(), out var read, out _));
        Assert.True(read.Bundle.IsRoot(root));
    }

    [Fact]
    public void A_root_whose_key_cannot_be_read_is_written_all_the_same()
    {
        var der = _root.Certificate.RawData;
        var point = der.AsSpan().IndexOf(_root.Certificate.PublicKey.EncodedKeyValue.RawData);
        der[point + 1] ^= 1;
        using var broken = X509CertificateLoader.LoadCertificate(der);
        var written = new BundleDocument(new TrustBundle(Domain, [broken]), null, null);

        Assert.True(BundleDocument.TryParse(Domain, written.ToJson(), out var read, out _));
        Assert.True(read.Bundle.IsRoot(broken));
    }

    [Theory]
    [InlineData("""{"kty": "EC", "use": "jwt-svid", "kid": "a", "x5c": ["not base64"]}""")]
    [InlineData("""{"kty": "EC", "use": "X509-SVID", "x5c": ["not base64"]}""")]
    [InlineData("""{"kty": "EC", "x5c": ["not base64"]}""")]
    [InlineData("""{"kty": "AKP", "use": "x509-svid", "x5c": ["not base64"]}""")]
    [InlineData("""{"use": "x509-svid", "x5c": ["not base64"]}""")]
    [InlineData("""{"kty": "EC", "use": "x509-svid", "x5c": []}""")]
    [InlineData("""{"kty": "EC", "use": "x509-svid"}""")]
    [InlineData("""{"kty": "EC", "use": "\ud800", "x5c": ["not base64"]}""")]
    [InlineData("7")]
    public void A_key_that_does_not_count_is_passed_over(string key)
    {
        Assert.True(TryParse($$"""{"keys": [{{key}}, {{Key(_root)}}]}""", out var read, out var error), error);
        Assert.Equal([_root.Certificate.Thumbprint], read!.Bundle.Roots.Select(root => root.Thumbprint));
    }

    [Fact]
    public void Of_several_certificates_of_one_key_the_first_counts()
    {
        var key = $$"""{"kty": "EC", "use": "x509-svid", "x5c": ["{{Encoded(_next)}}", "{{Encoded(_root)}}"]}""";

        Assert.True(TryParse($$"""{"keys": [{{key}}]}""", out var read, out _));
        Assert.Equal([_next.Certificate.Thumbprint], read!.Bundle.Roots.Select(root => root.Thumbprint));
    }

    [Fact]
    public void No_key_means_that_nobody_is_believed()
    {
        Assert.True(TryParse("""{"keys": []}""", out var read, out _));
        Assert.Empty(read!.Bundle.Roots);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "'keys'")]
    [InlineData("{}", "'keys'")]
    [InlineData("""{"keys": null}""", "'keys'")]
    [InlineData("""{"keys": {}}""", "'keys'")]
    [InlineData("""{"keys": [], "keys": []}""", "not JSON")]
    [InlineData("""{"keys": [{"kty": "EC", "use": "x509-svid", "x5c": ["not base64"]}]}""", "cannot be read")]
    [InlineData("""{"keys": [{"kty": "EC", "use": "x509-svid", "x5c": ["AAAA"]}]}""", "cannot be read")]
    [InlineData("""{"keys": [{"kty": "EC", "use": "x509-svid", "x5c": [7]}]}""", "cannot be read")]
    [InlineData("""{"keys": [{"kty": "EC", "use": "x509-svid", "x5c": ["\ud800"]}]}""", "no text")]
    [InlineData("""{"keys": [], "spiffe_sequence": "1"}""", "spiffe_sequence")]
    [InlineData("""{"keys": [], "spiffe_sequence": -1}""", "spiffe_sequence")]
    [InlineData("""{"keys": [], "spiffe_sequence": 18446744073709551616}""", "spiffe_sequence")]
    [InlineData("""{"keys": [], "spiffe_refresh_hint": 1.5}""", "spiffe_refresh_hint")]
    [InlineData("""{"keys": [], "spiffe_refresh_hint": -1}""", "spiffe_refresh_hint")]
    public void A_document_with_a_fault_is_refused_as_a_whole(string text, string expected)
    {
        Assert.False(TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("300", 300.0)]
    [InlineData("9223372036854775807", 366 * 86400.0)]
    public void A_hint_is_seconds_and_at_most_a_year(string hint, double? seconds)
    {
        Assert.True(TryParse($$"""{"keys": [], "spiffe_refresh_hint": {{hint}}}""", out var read, out _));
        Assert.Equal(seconds, read!.RefreshHint?.TotalSeconds);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void The_length_of_a_document_is_bounded(int beyond, bool isRead)
    {
        var text = """{"keys": []}""".PadRight(BundleDocument.MaximumLength + beyond);

        Assert.Equal(isRead, TryParse(text, out _, out _));
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public void The_depth_of_a_document_is_bounded(int depth, bool isRead)
    {
        var nested = new string('[', depth - 1) + new string(']', depth - 1);

        Assert.Equal(isRead, TryParse($$"""{"keys": [], "more": {{nested}} }""", out _, out _));
    }

    [Fact]
    public void A_map_has_a_bundle_for_each_trust_domain()
    {
        var text = $$"""{"trust_domains": {"one": {"keys": [{{Key(_root)}}] }, "two": {"keys": [{{Key(_next)}}] } } }""";

        Assert.True(BundleDocument.TryParseMap(Encoding.UTF8.GetBytes(text), out var read, out var error), error);
        Assert.Equal(["one", "two"], read.Select(document => document.Bundle.TrustDomain.Name));
        Assert.True(read[1].Bundle.IsRoot(_next.Certificate));
    }

    [Theory]
    [InlineData("""{"trust_domains": {}}""", true)]
    [InlineData("""{}""", false)]
    [InlineData("""{"trust_domains": []}""", false)]
    [InlineData("""{"trust_domains": {"TD": {"keys": []}}}""", false)]
    [InlineData("""{"trust_domains": {"\ud800": {"keys": []}}}""", false)]
    [InlineData("""{"trust_domains": {"td": {"keys": []}, "td": {"keys": []}}}""", false)]
    [InlineData("""{"trust_domains": {"td": {"keys": []}, "spiffe://td": {"keys": []}}}""", false)]
    [InlineData("""{"trust_domains": {"td": {"keys": []}, "other": {}}}""", false)]
    public void A_map_is_read_as_a_whole_or_not_at_all(string text, bool isRead) =>
        Assert.Equal(isRead, BundleDocument.TryParseMap(Encoding.UTF8.GetBytes(text), out _, out _));

    private static bool TryParse(string text, out BundleDocument? document, out string error) =>
        BundleDocument.TryParse(Domain, Encoding.UTF8.GetBytes(text), out document, out error);

    private static string Key(TestAuthority authority) =>
        $$"""{"kty": "EC", "use": "x509-svid", "x5c": ["{{Encoded(authority)}}"], "unknown": {"a": [1] } }""";

    private static string Encoded(TestAuthority authority) => Convert.ToBase64String(authority.Certificate.RawData);
}
