using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Telemetry;

namespace Proxy.Commands.Identities;

/// <summary>One certificate file against one bundle, offline.</summary>
internal sealed class SvidVerification
{
    private readonly List<X509Certificate2> _presented;
    private readonly TrustBundle _bundle;
    private readonly SpiffeId? _expected;

    /// <exception cref="IOException">A file cannot be read, or is not what it should be.</exception>
    /// <exception cref="UsageFault">A name or an ID is none.</exception>
    public SvidVerification(string file, string bundle, string? trustDomain, string? expected)
    {
        _presented = BundleFile.ReadCertificates("FILE", file);
        _bundle = BundleFile.Read("--bundle", bundle, DomainOf(trustDomain));
        if (expected is not null && !SpiffeId.TryParse(expected, out _expected, out var error))
            throw new UsageFault($"--expect: '{expected}' is not a SPIFFE ID ({error})");
    }

    /// <summary>Tells what it is, and whether a peer with it would be believed.</summary>
    public bool Write(TextWriter output, TimeProvider time)
    {
        var check = SvidVerifier.Verify(_presented, domain => domain == _bundle.TrustDomain ? _bundle : null, time.GetUtcNow());
        var leaf = _presented[0];
        output.WriteLine(TerminalText.Escape($"id:      {check.Id?.ToString() ?? "none"}"));
        output.WriteLine($"serial:  {leaf.SerialNumber}");
        output.WriteLine($"valid:   {leaf.NotBefore.ToUniversalTime():u} to {leaf.NotAfter.ToUniversalTime():u}");
        output.WriteLine($"bundle:  {_bundle.TrustDomain}, {_bundle.Roots.Count} roots");
        var (isBelieved, why) = Judge(check);
        output.WriteLine(TerminalText.Escape(isBelieved ? "verdict: believed" : $"verdict: refused: {why}"));
        return isBelieved;
    }

    private (bool IsBelieved, string Why) Judge(in SvidCheck check)
    {
        if (!check.IsValid)
            return (false, $"{check.Fault}: {check.Detail}");
        return _expected is null || _expected.Equals(check.Id)
            ? (true, "")
            : (false, $"{SvidFault.UnexpectedId}: The certificate is {check.Id}'s, expected was {_expected}.");
    }

    private TrustDomain DomainOf(string? name)
    {
        if (name is not null)
            return TrustDomain.TryParse(name, out var given) ? given : throw new UsageFault($"--trust-domain: '{name}' is not the name of a trust domain");
        // Without an ID there is nothing to verify against; the form is refused before the bundle is looked for.
        var id = SvidVerifier.Verify(_presented, _ => null, DateTimeOffset.MinValue).Id;
        return id?.TrustDomain ?? new TrustDomain("unknown");
    }
}
