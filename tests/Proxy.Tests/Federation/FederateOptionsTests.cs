using System.CommandLine;
using System.Diagnostics;
using Proxy.Commands;
using Proxy.Spiffe.Federation;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Federation;

public sealed class FederateOptionsTests : IDisposable
{
    private readonly TestPki _pki = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("federate-");

    public void Dispose()
    {
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void Without_options_nobody_is_federated_with() => Assert.Empty(Read().Domains);

    [Fact]
    public void Each_trust_domain_has_its_endpoint_and_profile()
    {
        var bundle = Put("b.pem", _pki.Bundle.Roots[0].ExportCertificatePem());
        var options = Read(
            "--federate", "b.test=https://b.test/bundle,spiffe://b.test/server", "--federate", "c.test=https://c.test/", "--federate-bundle", $"b.test={bundle}");

        Assert.Equal(["b.test https_spiffe https://b.test/bundle", "c.test https_web https://c.test/"], options.Domains.Select(domain => $"{domain.TrustDomain} {domain.Profile} {domain.Place}"));
        Assert.Equal("b.test", Assert.Single(options.InitialBundles).TrustDomain.Name);
        Assert.True(options.InitialBundles[0].IsRoot(_pki.Bundle.Roots[0]));
        Assert.Null(options.WebRoots);
    }

    [Fact]
    public void An_id_that_the_comma_of_the_environment_cut_off_is_put_back()
    {
        var bundle = Put("b.json", System.Text.Encoding.UTF8.GetString(new Proxy.Spiffe.X509.BundleDocument(_pki.Bundle, 1, null).ToJson()));
        var options = Read(
            "--federate", "b.test=https://b.test/", "--federate", "spiffe://b.test/server", "--federate", "c.test=https://c.test/", "--federate-bundle", $"b.test={bundle}");

        Assert.Equal(["spiffe://b.test/server", null], options.Domains.Select(domain => domain.EndpointId?.ToString()));
        Assert.True(options.InitialBundles[0].IsRoot(_pki.Bundle.Roots[0]));
    }

    [Fact]
    public void Authorities_of_Web_PKI_may_be_given()
    {
        var roots = Put("roots.pem", $"{_pki.Bundle.Roots[0].ExportCertificatePem()}\n{_pki.Bundle.Roots[0].ExportCertificatePem()}\n");

        Assert.Equal(2, Read("--federate", "c.test=https://c.test/", "--federate-ca", roots).WebRoots!.Count);
    }

    [Theory]
    [InlineData("--federate: 'b.test' does not begin with a trust domain", "--federate", "b.test")]
    [InlineData("--federate: 'http://b.test/' is not an https:// URL", "--federate", "b.test=http://b.test/")]
    [InlineData("--federate: the URL has user information", "--federate", "b.test=https://me:word@b.test/")]
    [InlineData("--federate: 'https://b.test/#x' has a fragment", "--federate", "b.test=https://b.test/#x")]
    [InlineData("--federate: cluster.local is this node's own trust domain", "--federate", "cluster.local=https://b.test/")]
    [InlineData("--federate: own.test is this node's own trust domain", "--federate", "own.test=https://b.test/", "--trust-domain", "own.test")]
    [InlineData("--federate: b.test is given twice", "--federate", "b.test=https://b.test/", "--federate", "b.test=https://b2.test/")]
    [InlineData("--federate: the server of b.test proves itself by the very bundle that it serves, so that the first one must be given: --federate-bundle b.test=FILE", "--federate", "b.test=https://b.test/,spiffe://b.test/x")]
    [InlineData("--federate-bundle: 'b.test' is not a trust domain and a file", "--federate", "b.test=https://b.test/", "--federate-bundle", "b.test")]
    [InlineData("--federate-bundle: 'b.test=' is not a trust domain and a file", "--federate", "b.test=https://b.test/", "--federate-bundle", "b.test=")]
    [InlineData("--federate-bundle: b.test is given twice", "--federate-bundle", "b.test=x", "--federate-bundle", "b.test=y")]
    [InlineData("--federate-bundle: the bundle of cluster.local, this node's own trust domain, comes from --identity", "--federate", "b.test=https://b.test/,spiffe://cluster.local/x", "--federate-bundle", "cluster.local=x")]
    [InlineData("--federate-bundle: no --federate has a server with an ID of b.test", "--federate", "b.test=https://b.test/", "--federate-bundle", "b.test=x")]
    [InlineData("--federate-bundle: no --federate has a server with an ID of b.test", "--federate-bundle", "b.test=x")]
    [InlineData("--federate-ca: no --federate has profile https_web", "--federate-ca", "x")]
    [InlineData("--federate-ca: no --federate has profile https_web", "--federate", "b.test=https://b.test/,spiffe://cluster.local/x", "--federate-ca", "x")]
    public void What_is_wrong_is_told_with_its_option(string error, params string[] arguments)
    {
        var told = Assert.Single(Command(out _).Parse(arguments).Errors).Message;

        Assert.StartsWith(error, told, StringComparison.Ordinal);
        Assert.DoesNotContain("word", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--federate: cluster.local is this node's own trust domain", "NODE_PROXY_FEDERATE=cluster.local=https://b.test/")]
    [InlineData("--federate: own.test is this node's own trust domain", "NODE_PROXY_FEDERATE=own.test=https://b.test/", "NODE_PROXY_TRUST_DOMAIN=own.test")]
    [InlineData("--federate: the server of b.test proves itself by the very bundle", "NODE_PROXY_FEDERATE=c.test=https://c.test/,b.test=https://b.test/,spiffe://b.test/x")]
    [InlineData("--federate-bundle: no --federate has a server with an ID of c.test", "NODE_PROXY_FEDERATE=b.test=https://b.test/,spiffe://b.test/x", "NODE_PROXY_FEDERATE_BUNDLE=b.test=x,c.test=y")]
    [InlineData("--federate-ca: no --federate has profile https_web", "NODE_PROXY_FEDERATE_CA=x")]
    [InlineData("--broker-id: 'td' is neither", "NODE_PROXY_IDENTITY=broker:/run/b.sock", "NODE_PROXY_BROKER_ID=td", "NODE_PROXY_WORKLOAD_API=/run/w.sock")]
    public async Task The_environment_is_checked_as_the_command_line_is(string error, params string[] variables)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "node-proxy"), ["run"]) { RedirectStandardError = true };
        foreach (var variable in variables)
            start.Environment[variable[..variable.IndexOf('=', StringComparison.Ordinal)]] = variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..];
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience.Limit);
        // One that is not refused must not stay.
        await using var end = limit.Token.Register(process.Kill);
        var told = await process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);

        Assert.StartsWith(error, told, StringComparison.Ordinal);
        Assert.Equal(2, process.ExitCode);
    }

    [Theory]
    [InlineData("missing.pem", null, "Could not find file")]
    [InlineData("text.pem", "hello", "There is no certificate in PEM.")]
    [InlineData("bundle.json", "{}", "has no array 'keys'")]
    [InlineData("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "Block 1 of the PEM text is not a certificate.")]
    public void A_file_that_is_no_bundle_refuses_the_start(string name, string? content, string why)
    {
        var path = content is null ? Path.Combine(_directory.FullName, name) : Put(name, content);
        var parsed = Command(out var options).Parse(["--federate", "b.test=https://b.test/,spiffe://b.test/x", "--federate-bundle", $"b.test={path}"]);
        Assert.Empty(parsed.Errors);

        var told = Assert.ThrowsAny<IOException>(() => options.Read(parsed)).Message;

        Assert.StartsWith("--federate-bundle: ", told, StringComparison.Ordinal);
        Assert.Contains(why, told, StringComparison.Ordinal);
        Assert.Contains(path, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--federate", "[env: NODE_PROXY_FEDERATE, separated by commas]")]
    [InlineData("--federate-bundle", "[env: NODE_PROXY_FEDERATE_BUNDLE, separated by commas]")]
    [InlineData("--federate-ca", "[env: NODE_PROXY_FEDERATE_CA]")]
    public void An_option_says_its_variable(string name, string end) =>
        Assert.EndsWith(end, RunCommand.Create().Options.Single(option => option.Name == name).Description, StringComparison.Ordinal);

    private static FederationOptions Read(params string[] arguments)
    {
        var parsed = Command(out var options).Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed);
    }

    private static Command Command(out FederateOptions options)
    {
        var domain = new Option<string>("--trust-domain") { DefaultValueFactory = _ => "cluster.local" };
        var command = new Command("run") { domain };
        options = new FederateOptions();
        options.AddTo(command, domain);
        return command;
    }

    private string Put(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
