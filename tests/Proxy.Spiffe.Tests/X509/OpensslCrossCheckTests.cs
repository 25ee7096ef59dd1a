using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

/// <summary>What the verifier says of a chain, openssl's own command says too.</summary>
public sealed class OpensslCrossCheckTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("spiffe-openssl-").FullName;
    private readonly TestAuthority _root = new();

    [Theory]
    [InlineData("good", true)]
    [InlineData("expired", false)]
    [InlineData("future", false)]
    public async Task A_direct_leaf(string form, bool isValid) =>
        await CompareAsync([_root.Issue(SvidVerifierTests.Leaf(form))], isValid);

    [Fact]
    public async Task A_leaf_below_two_intermediates()
    {
        using var first = new TestAuthority("CN=first", _root);
        using var second = new TestAuthority("CN=second", first);
        var leaf = second.Issue(SvidVerifierTests.Leaf("good"));
        await CompareAsync([leaf, first.Certificate, second.Certificate], isValid: true);
        await CompareAsync([leaf, first.Certificate], isValid: false);
    }

    [Fact]
    public async Task A_leaf_of_another_root_of_the_same_name()
    {
        using var other = new TestAuthority();
        await CompareAsync([other.Issue(SvidVerifierTests.Leaf("good"))], isValid: false);
    }

    [Fact]
    public async Task A_chain_through_an_expired_intermediate()
    {
        using var old = new TestAuthority("CN=old", _root, TestAuthority.Now.AddDays(-1));
        await CompareAsync([old.Issue(SvidVerifierTests.Leaf("good")), old.Certificate], isValid: false);
    }

    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task CompareAsync(X509Certificate2[] presented, bool isValid)
    {
        var ours = SvidVerifier.Verify(presented, _ => _root.BundleOf("td"), TestAuthority.Now);
        Assert.Equal((isValid, isValid), (ours.IsValid, await AskOpensslAsync(presented)));
    }

    private async Task<bool> AskOpensslAsync(X509Certificate2[] presented)
    {
        List<string> arguments =
        [
            "verify", "-no-CApath", "-no-CAstore",
            "-attime", TestAuthority.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "-CAfile", Write("root.pem", [_root.Certificate]),
        ];
        if (presented.Length > 1)
            arguments.AddRange(["-untrusted", Write("intermediates.pem", presented[1..])]);
        arguments.Add(Write("leaf.pem", presented[..1]));
        using var openssl = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await openssl.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await openssl.WaitForExitAsync(TestContext.Current.CancellationToken);
        return openssl.ExitCode == 0;
    }

    private string Write(string name, X509Certificate2[] certificates)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllLines(path, certificates.Select(certificate => certificate.ExportCertificatePem()));
        return path;
    }
}
