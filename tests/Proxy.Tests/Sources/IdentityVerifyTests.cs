using System.Security.Cryptography.X509Certificates;
using Proxy.Commands;
using Proxy.Spiffe.X509;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Sources;

public sealed class IdentityVerifyTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("identity-verify");
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();
    private readonly TestPki _pki = new();
    private readonly string _leaf;
    private readonly string _pem;
    private readonly string _json;

    public IdentityVerifyTests()
    {
        _leaf = Put("leaf.pem", _pki.Client.Certificate.ExportCertificatePem());
        _pem = Put("bundle.pem", _pki.Bundle.Roots[0].ExportCertificatePem());
        _json = Put("bundle.json", System.Text.Encoding.UTF8.GetString(new BundleDocument(_pki.Bundle, 1, null).ToJson()));
    }

    public void Dispose()
    {
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void A_bundle_is_taken_as_pem_and_as_json()
    {
        Assert.Equal(0, Verify(_leaf, "--bundle", _pem));
        Assert.Equal(0, Verify(_leaf, "--bundle", _json, "--expect", TestPki.ClientId.ToString()));
        Assert.Contains($"id:      {TestPki.ClientId}\n", _output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("verdict: believed\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_workloads_certificate_is_refused() =>
        Refused("UnexpectedId", _leaf, "--bundle", _pem, "--expect", TestPki.ServerId.ToString());

    [Fact]
    public void A_bundle_of_another_trust_domain_says_nothing_of_it() =>
        Refused("NoBundle", _leaf, "--bundle", _pem, "--trust-domain", "other");

    [Fact]
    public void A_bundle_of_another_root_does_not_make_it_believed()
    {
        using var other = new TestPki();
        Refused("Untrusted", _leaf, "--bundle", Put("other.pem", other.Bundle.Roots[0].ExportCertificatePem()));
    }

    [Fact]
    public void The_root_is_no_svid() => Refused("RootPath", _pem, "--bundle", _pem);

    [Fact]
    public void Der_is_taken_as_pem_is()
    {
        var (leaf, root) = (_pki.Client.Certificate.RawData, _pki.Bundle.Roots[0].RawData);
        var (chain, bundle) = (Put("leaf.der", [.. leaf, .. root]), Put("bundle.der", [.. root, .. root]));

        Assert.Equal(0, Verify(Put("one.der", leaf), "--bundle", bundle));
        Assert.Equal(0, Verify(chain, "--bundle", _json));
        Assert.Equal(2, Verify(Put("cut.der", leaf[..^1]), "--bundle", bundle));
        Assert.Equal(2, Verify(chain, "--bundle", Put("more.der", [.. root, 0])));
        Assert.Contains("--bundle: ", _errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing.pem")]
    [InlineData("key.pem")]
    [InlineData("text.pem")]
    public void A_file_that_holds_no_certificate_is_a_fault_of_the_command_line(string name)
    {
        using var key = _pki.Client.Certificate.GetECDsaPrivateKey()!;
        Put("key.pem", key.ExportPkcs8PrivateKeyPem());
        Put("text.pem", "nothing");

        Assert.Equal(2, Verify(Path.Combine(_directory.FullName, name), "--bundle", _pem));
        Assert.DoesNotContain("PRIVATE", _errors.ToString(), StringComparison.Ordinal);
    }

    private void Refused(string fault, params string[] arguments)
    {
        Assert.Equal(1, Verify(arguments));
        Assert.Contains($"verdict: refused: {fault}: ", _output.ToString(), StringComparison.Ordinal);
    }

    private int Verify(params string[] arguments) =>
        IdentityCommand.Create(() => _output, _errors, TimeProvider.System).Parse(["verify", .. arguments]).Invoke();

    private string Put(string name, string text) => Put(name, System.Text.Encoding.UTF8.GetBytes(text));

    private string Put(string name, byte[] content)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
