using System.Text;
using Proxy.Commands;
using Proxy.Issuer;
using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;

namespace Proxy.Tests.Federation;

/// <summary>The issuer's bundle endpoint, with curl and our own client at the other end.</summary>
public sealed class IssuerBundleTests : IAsyncLifetime
{
    private readonly WebPki _web = new();
    private readonly DomainLab _domain;

    public IssuerBundleTests() => _domain = new DomainLab("b.test", _web);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _domain.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _domain.DisposeAsync();
        _web.Dispose();
    }

    [Theory]
    [InlineData("localhost", "--http1.1", "--tlsv1.3")]
    [InlineData("127.0.0.1", "--http1.1", "--tlsv1.2", "--tls-max", "1.2")]
    [InlineData("localhost", "--http2")]
    public async Task Curl_reads_the_bundle_by_Web_PKI(string host, params string[] how)
    {
        var (code, output) = await CurlAsync([$"https://{host}:{_domain.Options.BundleWebPort}/bundle", .. how, "-i"]);

        Assert.Equal(0, code);
        Assert.Contains("200", output.Split('\n')[0], StringComparison.Ordinal);
        Assert.Contains("content-type: application/json", output, StringComparison.OrdinalIgnoreCase);
        var body = output[output.IndexOf('{', StringComparison.Ordinal)..];
        Assert.True(BundleDocument.TryParse(_domain.Domain, Encoding.UTF8.GetBytes(body), out var document, out var error), error);
        Assert.Single(document.Bundle.Roots);
        Assert.Equal(1ul, document.Sequence);
    }

    [Fact]
    public async Task Both_profiles_serve_the_same_bundle()
    {
        var spiffe = await CurlAsync(_domain.SpiffeUrl, "-k");
        var web = await CurlAsync(_domain.WebUrl);

        Assert.Equal((0, 0), (spiffe.Code, web.Code));
        Assert.Equal(spiffe.Output, web.Output);
    }

    [Fact]
    public async Task The_profile_of_one_port_is_not_that_of_the_other()
    {
        Assert.Equal(60, (await CurlAsync(_domain.SpiffeUrl)).Code); // peer certificate cannot be authenticated
        var (endpoint, options) = Spiffe($"https://localhost:{_domain.Options.BundleWebPort}/bundle", await InitialAsync());

        Assert.Equal("the server's certificate is refused: The certificate names no SPIFFE ID.", (await FetchAsync(endpoint, options)).Fault);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/spire.api.agent.delegatedidentity.v1.DelegatedIdentity/SubscribeToX509SVIDs")]
    [InlineData("/SpiffeWorkloadAPI/FetchX509SVID")]
    public async Task Nothing_else_is_served_there(string path)
    {
        var (code, output) = await CurlAsync($"https://localhost:{_domain.Options.BundleWebPort}{path}", "-o", "/dev/null", "-w", "%{http_code}", "-d", "x");

        Assert.Equal((0, "404"), (code, output));
    }

    [Fact]
    public async Task Our_client_reads_both_profiles()
    {
        var initial = await InitialAsync();
        var (endpoint, options) = Spiffe(_domain.SpiffeUrl, initial);

        var spiffe = await FetchAsync(endpoint, options);
        var web = await FetchAsync(Endpoint($"b.test={_domain.WebUrl}"), new FederationOptions { WebRoots = [_web.Root] });

        Assert.Equal(("", ""), (spiffe.Fault, web.Fault));
        Assert.True(spiffe.Document!.Bundle.HasSameContent(initial));
        Assert.True(web.Document!.Bundle.HasSameContent(initial));
        Assert.Equal(TimeSpan.FromMinutes(5), web.Document.RefreshHint);
    }

    [Fact]
    public async Task A_certificate_that_was_renewed_is_presented_without_a_restart()
    {
        var time = new LaterTime();
        var certificate = WebCertificate.Open(_web.CertificateFile, _web.KeyFile, time, _domain.Log.Enqueue);
        var before = SerialOf(certificate);
        var renewed = _web.Renew();
        Assert.Equal(before, SerialOf(certificate));

        time.Later += TimeSpan.FromSeconds(5);
        Assert.Equal(renewed, SerialOf(certificate));

        var key = await File.ReadAllTextAsync(_web.KeyFile, Stop);
        _web.Renew();
        await File.WriteAllTextAsync(_web.KeyFile, key, Stop);
        for (var i = 0; i < 3; i++)
        {
            time.Later += TimeSpan.FromSeconds(5);
            Assert.Equal(renewed, SerialOf(certificate));
        }

        Assert.EndsWith("are not a certificate in PEM and its unencrypted key; the last good certificate stays in force", Assert.Single(_domain.Log, line => line.Contains("key.pem", StringComparison.Ordinal)), StringComparison.Ordinal);

        var last = _web.Renew();
        time.Later += TimeSpan.FromSeconds(5);
        Assert.Equal(last, SerialOf(certificate));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("anothers key")]
    [InlineData("text")]
    public async Task Without_a_certificate_and_its_key_the_issuer_does_not_start(string what)
    {
        await _domain.StopAsync();
        var key = what switch
        {
            "missing" => Path.Combine(Path.GetDirectoryName(_web.KeyFile)!, "missing.pem"),
            "text" => _web.Put("text.pem", "no key"),
            _ => _web.Put("other.pem", (await File.ReadAllTextAsync(_web.KeyFile, Stop)).Trim()),
        };
        if (what == "anothers key")
            _web.Renew();
        _domain.Options = _domain.Options with { BundleKeyFile = key };

        var refused = await Assert.ThrowsAsync<IOException>(_domain.StartAsync);

        Assert.Contains(what == "missing" ? "the certificate for Web PKI cannot be read" : "are not a certificate in PEM and its unencrypted key", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", refused.ToString(), StringComparison.Ordinal);
        _domain.Options = _domain.Options with { BundleKeyFile = _web.KeyFile };
        await _domain.StartAsync();
    }

    [Theory]
    [InlineData("belong together", "--bundle-web-port", "8443")]
    [InlineData("belong together", "--bundle-web-cert", "a", "--bundle-web-key", "b")]
    [InlineData("belong together", "--bundle-web-port", "8443", "--bundle-web-cert", "a")]
    [InlineData("belong together", "--bundle-web-port", "8443", "--bundle-web-key", "a")]
    [InlineData("8443 is the port of --bundle-port", "--bundle-port", "8443", "--bundle-web-port", "8443", "--bundle-web-cert", "a", "--bundle-web-key", "b")]
    public void Options_that_do_not_fit_together_are_refused(string why, params string[] arguments) =>
        Assert.Contains(why, Assert.Single(IssuerCommand.Create().Parse(arguments).Errors).Message, StringComparison.Ordinal);

    [Fact]
    public void Options_that_fit_together_are_taken() =>
        Assert.Empty(IssuerCommand.Create().Parse(["--bundle-port", "8442", "--bundle-web-port", "8443", "--bundle-web-cert", "a", "--bundle-web-key", "b"]).Errors);

    private static string SerialOf(WebCertificate certificate) => certificate.CreateOptions().ServerCertificateContext!.TargetCertificate.SerialNumber;

    private static FederatedDomain Endpoint(string text)
    {
        Assert.True(FederatedDomain.TryParse(text, out var endpoint, out var error), error);
        return endpoint;
    }

    private static (FederatedDomain Endpoint, FederationOptions Options) Spiffe(string url, TrustBundle initial) =>
        (Endpoint($"b.test={url},spiffe://b.test/node-proxy/issuer"), new FederationOptions { InitialBundles = [initial] });

    private static Task<BundleFetch> FetchAsync(FederatedDomain endpoint, FederationOptions options) =>
        new BundleClient(options, _ => options.InitialBundles.Count > 0 ? options.InitialBundles[0] : null, TimeProvider.System).FetchAsync(endpoint, Stop);

    private Task<(int Code, string Output)> CurlAsync(params string[] arguments) =>
        Tool.RunAsync("curl", ["-q", "-s", "--noproxy", "*", "--cacert", _web.RootFile, .. arguments]);

    private async Task<TrustBundle> InitialAsync()
    {
        var (code, output) = await CurlAsync(_domain.WebUrl);
        Assert.Equal(0, code);
        Assert.True(BundleDocument.TryParse(_domain.Domain, Encoding.UTF8.GetBytes(output), out var document, out var error), error);
        return document.Bundle;
    }

    /// <summary>The system's clock, put forward by a test.</summary>
    private sealed class LaterTime : TimeProvider
    {
        public TimeSpan Later { get; set; }

        public override long GetTimestamp() => System.GetTimestamp() + (long)(Later.TotalSeconds * TimestampFrequency);
    }
}
