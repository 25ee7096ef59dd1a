using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Federation;

/// <summary>Bundle endpoints that are not ours: nginx with profile https_web, OpenSSL's own server with https_spiffe.</summary>
public sealed class IndependentEndpointTests : IDisposable
{
    private readonly WebPki _web = new();
    private readonly TestPki _pki = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("endpoint-");
    private Process? _server;

    public IndependentEndpointTests() =>
        File.WriteAllBytes(Path.Combine(_directory.FullName, "bundle"), new BundleDocument(_pki.Bundle, 7, TimeSpan.FromSeconds(60)).ToJson());

    public void Dispose()
    {
        if (_server is { HasExited: false })
            _server.Kill();
        _server?.WaitForExit();
        _server?.Dispose();
        _web.Dispose();
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Nginx_serves_a_bundle_by_Web_PKI()
    {
        var port = await StartNginxAsync();

        var fetch = await FetchAsync($"b.test=https://localhost:{port}/bundle");

        Assert.Equal("", fetch.Fault);
        Assert.Equal((7ul, TimeSpan.FromSeconds(60)), (fetch.Document!.Sequence, fetch.Document.RefreshHint));
        Assert.True(fetch.Document.Bundle.IsRoot(_pki.Bundle.Roots[0]));
    }

    [Theory]
    [InlineData("moved", "the server answered 302, a redirect to https://localhost/bundle; redirects are not followed")]
    [InlineData("missing", "the server answered 404")]
    [InlineData("text", "the answer is no bundle: The bundle is not JSON")]
    [InlineData("gzip", "the answer is no bundle: The bundle is not JSON")]
    public async Task What_nginx_says_otherwise_is_refused(string path, string why)
    {
        var port = await StartNginxAsync();

        Assert.StartsWith(why, (await FetchAsync($"b.test=https://localhost:{port}/{path}")).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_systems_authorities_do_not_know_nginx_and_its_certificate_is_no_SVID()
    {
        var port = await StartNginxAsync();

        var unknown = await new BundleClient(new FederationOptions(), _ => null, TimeProvider.System).FetchAsync(Endpoint($"b.test=https://localhost:{port}/bundle"), TestContext.Current.CancellationToken);
        Assert.StartsWith("the server's certificate is not believed (", unknown.Fault, StringComparison.Ordinal);
        Assert.Equal(
            "the server's certificate is refused: The certificate names no SPIFFE ID.",
            (await FetchAsync($"b.test=https://localhost:{port}/bundle,{TestPki.ServerId}")).Fault);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task OpenSSL_serves_a_bundle_by_its_SVID(string version)
    {
        var port = await StartOpensslAsync(version);

        var fetch = await FetchAsync($"cluster.local=https://localhost:{port}/bundle,{TestPki.ServerId}");

        Assert.Equal("", fetch.Fault);
        Assert.Equal(7ul, fetch.Document!.Sequence);
    }

    [Fact]
    public async Task OpenSSL_with_another_SVID_is_refused()
    {
        var port = await StartOpensslAsync("-tls1_3");

        Assert.Equal(
            $"the server says that it is {TestPki.ServerId}, expected was {TestPki.ClientId}",
            (await FetchAsync($"cluster.local=https://localhost:{port}/bundle,{TestPki.ClientId}")).Fault);
    }

    [Fact]
    public async Task A_server_that_speaks_only_what_is_out_of_date_is_refused()
    {
        var port = await StartOpensslAsync("-tls1_1", "-cipher", "ALL:@SECLEVEL=0");

        Assert.Null((await FetchAsync($"cluster.local=https://localhost:{port}/bundle,{TestPki.ServerId}")).Document);
    }

    private static FederatedDomain Endpoint(string text)
    {
        Assert.True(FederatedDomain.TryParse(text, out var endpoint, out var error), error);
        return endpoint;
    }

    private Task<BundleFetch> FetchAsync(string endpoint) =>
        new BundleClient(new FederationOptions { WebRoots = [_web.Root] }, _ => _pki.Bundle, TimeProvider.System).FetchAsync(Endpoint(endpoint), TestContext.Current.CancellationToken);

    private async Task<ushort> StartNginxAsync()
    {
        var (port, files) = (Tool.FreePort(), _directory.FullName);
        await File.WriteAllTextAsync(Path.Combine(files, "text"), "hello");
        // Compressed for real, although the client does not offer to take it.
        await using (var gzip = new GZipStream(File.Create(Path.Combine(files, "bundle.gz")), CompressionMode.Compress))
            await gzip.WriteAsync(new BundleDocument(_pki.Bundle, 7, null).ToJson());
        var configuration = Path.Combine(files, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off;
            master_process off;
            pid {{files}}/nginx.pid;
            error_log {{files}}/error.log;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path {{files}}/body;
                proxy_temp_path {{files}}/proxy;
                fastcgi_temp_path {{files}}/fastcgi;
                uwsgi_temp_path {{files}}/uwsgi;
                scgi_temp_path {{files}}/scgi;
                default_type application/json;
                server {
                    listen 127.0.0.1:{{port}} ssl;
                    ssl_certificate {{_web.CertificateFile}};
                    ssl_certificate_key {{_web.KeyFile}};
                    root {{files}};
                    location = /moved { return 302 https://localhost/bundle; }
                    location = /gzip { alias {{files}}/bundle.gz; add_header Content-Encoding gzip; }
                }
            }
            """);
        _server = Tool.Start("nginx", "-p", files, "-e", Path.Combine(files, "error.log"), "-c", configuration);
        await UntilAsync(async () => (await Tool.RunAsync("curl", "-q", "-s", "--noproxy", "*", "-k", "-o", "/dev/null", $"https://127.0.0.1:{port}/bundle")).Code == 0);
        return port;
    }

    private async Task<ushort> StartOpensslAsync(params string[] further)
    {
        var (certificate, key) = (Path.Combine(_directory.FullName, "svid.pem"), Path.Combine(_directory.FullName, "svid.key"));
        await File.WriteAllTextAsync(certificate, _pki.Server.Certificate.ExportCertificatePem());
        using (var held = _pki.Server.Certificate.GetECDsaPrivateKey()!)
            await File.WriteAllTextAsync(key, held.ExportPkcs8PrivateKeyPem());
        var start = new ProcessStartInfo("openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-WWW", .. further])
        {
            WorkingDirectory = _directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _server = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (await _server.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("ACCEPT 127.0.0.1:", StringComparison.Ordinal))
                return ushort.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        }

        throw new InvalidOperationException("openssl does not listen");
    }

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!await condition())
        {
            if (_server!.HasExited)
                throw new InvalidOperationException(await _server.StandardError.ReadToEndAsync(limit.Token));
            await Task.Delay(20, limit.Token);
        }
    }
}
