using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>The verifier against openssl and a second reading of SPIFFE's rules, on certificates that are right or wrong in one way.</summary>
public sealed class SvidMatrixTests
{
    private const int Fewest = 200;

    private static readonly Lazy<MatrixCase[]> Rows = new(() => [.. LeafCases.All, .. NameCases.All, .. KeyCases.All, .. AuthorityCases.All, .. PathCases.All]);

    [Fact]
    public void The_verifier_agrees_with_openssl_and_spiffes_rules_on_every_row()
    {
        var rows = Rows.Value;
        Assert.Equal(rows.Length, rows.DistinctBy(row => row.Name).Count());
        Assert.True(rows.Length >= Fewest, $"{rows.Length} rows");

        var faults = new ConcurrentBag<string>();
        using var judge = new MatrixJudge();
        Parallel.ForEach(rows, row => faults.Add(FindFault(row, judge)));

        var found = faults.Where(fault => fault.Length > 0).Order(StringComparer.Ordinal).ToArray();
        Assert.True(found.Length == 0, $"{found.Length} of {rows.Length} rows:\n{string.Join('\n', found)}");
    }

    // A chain that a TLS stack has built gives the same answer as one that the verifier builds.
    [Fact]
    public void A_chain_that_is_built_already_is_judged_the_same() =>
        Assert.All(Rows.Value, row => Assert.Equal(Verify(row).IsValid, Check(row).IsValid));

    /// <summary>What is wrong with a row: nothing may be believed that the judge refuses, and no more refused than the row says.</summary>
    private static string FindFault(MatrixCase row, MatrixJudge judge)
    {
        var (isBelieved, said) = judge.Judge(row);
        if (isBelieved != row.IsRight)
            return $"{row}: the row says {row.IsRight}, the judge {isBelieved}: {said}";
        var ours = Verify(row);
        if (ours.IsValid && !isBelieved)
            return $"{row}: WIDER: we believe it, the judge does not: {said}";
        if (ours.IsValid != (isBelieved && row.Stricter is null))
            return $"{row}: we say {ours.Fault} ({ours.Detail}), the judge {isBelieved}; the row's reason: {row.Stricter ?? "none"}";
        return "";
    }

    private static SvidCheck Verify(MatrixCase row) =>
        Load(row.Presented) is { } presented ? SvidVerifier.Verify(presented, domain => BundleOf(row, domain), Recipe.Now) : default;

    private static SvidCheck Check(MatrixCase row)
    {
        if (Load(row.Presented) is not { } presented || Verify(row).Id is not { } id || BundleOf(row, id.TrustDomain) is not { } bundle)
            return default;
        using var chain = new X509Chain { ChainPolicy = bundle.CreateChainPolicy(Recipe.Now) };
        chain.ChainPolicy.ExtraStore.AddRange(presented[1..]);
        chain.Build(presented[0]);
        return SvidVerifier.Check(presented[0], chain, bundle, id, Recipe.Now);
    }

    private static TrustBundle? BundleOf(MatrixCase row, TrustDomain domain) =>
        row.Roots.TryGetValue(domain.Name, out var roots) && Load(roots) is { } loaded ? new TrustBundle(domain, loaded) : null;

    // As everywhere in the product: what is no certificate never comes as far as the verifier.
    private static X509Certificate2[]? Load(IReadOnlyList<byte[]> ders)
    {
        var loaded = new List<X509Certificate2>();
        foreach (var der in ders)
        {
            try
            {
                loaded.Add(X509CertificateLoader.LoadCertificate(der));
            }
            catch (CryptographicException)
            {
                return null;
            }
        }

        return [.. loaded];
    }
}
