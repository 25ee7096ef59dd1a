namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>What is presented beside the leaf, in which order, and what the bundle holds.</summary>
internal static class PathCases
{
    private const string RootsSign = "a bundle's certificates sign for others (SPIFFE: not for authentication); openssl believes whatever stands in it";

    private const string AnchorsAreRoots = "a chain ends at a self-signed certificate of the bundle (SPIFFE: a bundle's certificates should be self-signed)";

    public static IEnumerable<MatrixCase> All => Presentations().Concat(Bundles()).Concat(Twins()).Concat(Crossed());

    private static IEnumerable<MatrixCase> Presentations()
    {
        var stranger = CertificateMaker.Make(Recipe.Authority("stranger"), "CN=stranger", MatrixKey.Of(KeyKind.P256, "stranger"));
        yield return Show(1, made => [made.Leaf]).Wrong("the only intermediate is missing");
        yield return Show(2, made => [made.Leaf, made.Upwards[0]]).Wrong("the upper intermediate is missing");
        yield return Show(2, made => [made.Leaf, made.Upwards[1]]).Wrong("the lower intermediate is missing");
        yield return Show(2, made => [made.Leaf, made.Upwards[1], made.Upwards[0]]).Right("intermediates in the wrong order");
        yield return Show(0, made => [made.Leaf, made.Root]).Right("the root is presented too");
        yield return Show(2, made => [made.Leaf, .. made.Upwards, made.Root]).Right("the root is presented too, below two");
        yield return Show(2, made => [made.Leaf, made.Root, .. made.Upwards]).Right("the root is presented before the intermediates");
        yield return Show(1, made => [made.Leaf, made.Upwards[0], made.Upwards[0]]).Right("the intermediate twice");
        yield return Show(1, made => [made.Leaf, made.Leaf, made.Upwards[0]]).Right("the leaf twice");
        yield return Show(0, made => [made.Leaf, stranger]).Right("an unrelated root beside the leaf");
        yield return Show(2, made => [made.Leaf, stranger, made.Upwards[0], stranger, made.Upwards[1]]).Right("unrelated roots between the intermediates");
        yield return Show(1, made => [made.Upwards[0], made.Leaf]).Wrong("the intermediate comes first");
        yield return Show(0, made => [made.Root]).Wrong("the root alone");
        yield return Show(0, made => [made.Root, made.Leaf]).Wrong("the root comes first");
        yield return Show(0, made => [made.Leaf, .. Enumerable.Repeat(stranger, 60)]).Right("sixty unrelated certificates");
    }

    private static IEnumerable<MatrixCase> Bundles()
    {
        var other = CertificateMaker.Make(Recipe.Authority("other"), "CN=other", MatrixKey.Of(KeyKind.P256, "other"));
        yield return Believe(1, made => MatrixChain.Bundle("td", other)).Wrong("another root in the bundle");
        yield return Believe(1, made => MatrixChain.Bundle("td")).Wrong("no root in the bundle");
        yield return Believe(1, made => MatrixChain.Bundle("td", other, made.Root)).Right("two roots, the second is the one");
        yield return Believe(1, made => MatrixChain.Bundle("td", made.Root, made.Root)).Right("the root twice in the bundle");
        yield return Believe(1, made => new Dictionary<string, IReadOnlyList<byte[]>> { ["td"] = [other], ["other"] = [made.Root] }).Wrong("the root is in another domain's bundle");
        yield return (Believe(1, made => MatrixChain.Bundle("td", other)) with { Present = made => [made.Leaf, .. made.Upwards, made.Root] }).Wrong("another root in the bundle, the right one presented");
        yield return Believe(1, made => MatrixChain.Bundle("td", made.Upwards[0])).Stricter("an intermediate as anchor", AnchorsAreRoots) with { HasOtherAnchors = true };
        yield return Believe(2, made => MatrixChain.Bundle("td", made.Upwards[0], made.Root)).Right("the lower intermediate beside the root") with { HasOtherAnchors = true };
        yield return Believe(2, made => MatrixChain.Bundle("td", made.Upwards[1], made.Root)).Right("the upper intermediate beside the root") with { HasOtherAnchors = true };
        yield return Believe(0, made => MatrixChain.Bundle("td", made.Leaf)).Stricter("the leaf as anchor", RootsSign) with { HasOtherAnchors = true };
        yield return Believe(1, made => MatrixChain.Bundle("td", made.Root, made.Upwards[0], made.Leaf)).Right("the leaf beside the root") with { HasOtherAnchors = true };
        var self = Recipe.Leaf();
        var signed = CertificateMaker.Make(self, self.Subject, self.Key);
        yield return (Believe(0, made => MatrixChain.Bundle("td", signed)) with { Present = _ => [signed] }).Stricter("a leaf signed by itself, in the bundle", RootsSign);
        yield return (Believe(0, made => MatrixChain.Bundle("td", made.Root)) with { Present = _ => [signed] }).Wrong("a leaf signed by itself");
        yield return (Believe(0, made => MatrixChain.Bundle("td", made.Root)) with { Present = made => [signed, made.Root] }).Wrong("a leaf signed by itself beside the root");
    }

    /// <summary>Authorities of one name with different keys.</summary>
    private static IEnumerable<MatrixCase> Twins()
    {
        var twin = Recipe.Authority("root") with { Key = MatrixKey.Of(KeyKind.P256, "twin of the root") };
        var root = CertificateMaker.Make(twin, "CN=root", twin.Key);
        yield return Believe(0, made => MatrixChain.Bundle("td", root, made.Root)).Right("two roots of one name, told apart by key identifiers");
        yield return Believe(0, made => MatrixChain.Bundle("td", root)).Wrong("a root of the same name");
        yield return Believe(2, made => MatrixChain.Bundle("td", made.Root, root)).Right("two roots of one name below which stand two");
        var between = Recipe.Authority("intermediate 1") with { Key = MatrixKey.Of(KeyKind.P256, "twin") };
        var forged = CertificateMaker.Make(between, "CN=root", twin.Key);
        yield return Show(1, made => [made.Leaf, forged, made.Upwards[0]]).Right("an intermediate of the same name before the right one");
        yield return Show(1, made => [made.Leaf, made.Upwards[0], forged]).Right("an intermediate of the same name after the right one");
        yield return Show(1, made => [made.Leaf, forged]).Wrong("an intermediate of the same name instead");
        var mallory = Recipe.Leaf() with { Subject = "CN=mallory", Key = MatrixKey.Of(KeyKind.P256, "mallory") };
        foreach (var depth in (int[])[0, 1])
        {
            var below = MatrixChain.Of(depth);
            yield return (below with { Intermediates = [.. below.Intermediates, mallory] }).Wrong($"a leaf of a leaf, depth {depth}");
        }

        yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { Subject = "CN=root" }).Right("an intermediate with the root's name");
        yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { Subject = "CN=root" }).WithRoot(one => one with { PathLength = 0 }).Right("the same, which a path length of 0 does not count");
        yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { Key = MatrixKey.Of(KeyKind.P256, "root") }).Right("an intermediate with the root's key");
    }

    /// <summary>One key and name under two authorities, as when a trust domain changes its root.</summary>
    private static IEnumerable<MatrixCase> Crossed()
    {
        var elder = Recipe.Authority("elder");
        var elderRoot = CertificateMaker.Make(elder, elder.Subject, elder.Key);
        var crossed = CertificateMaker.Make(Recipe.Authority("root"), elder.Subject, elder.Key);
        var expired = CertificateMaker.Make(Recipe.Authority("root") with { NotAfter = Recipe.Now.AddMinutes(-1) }, elder.Subject, elder.Key);
        foreach (var depth in (int[])[0, 1])
        {
            var at = $"depth {depth}: ";
            yield return Cross(depth, crossed, made => [elderRoot]).Right(at + "a root that the elder one signed, for who knows the elder one");
            yield return Cross(depth, crossed, made => [made.Root]).Right(at + "a root that the elder one signed, for who knows the new one");
            yield return Cross(depth, crossed, made => [elderRoot, made.Root]).Right(at + "a root that the elder one signed, for who knows both");
            yield return Cross(depth, expired, made => [elderRoot]).Wrong(at + "a root that the elder one signed for a time that is over");
            yield return Cross(depth, expired, made => [made.Root]).Right(at + "the same, for who knows the new one");
            yield return Cross(depth, expired, made => [elderRoot, made.Root]).Right(at + "the same, for who knows both");
        }
    }

    private static MatrixChain Cross(int depth, byte[] crossed, Func<MatrixCertificates, IReadOnlyList<byte[]>> roots) => MatrixChain.Of(depth) with
    {
        Present = made => [made.Leaf, .. made.Upwards, crossed],
        Believe = made => MatrixChain.Bundle("td", [.. roots(made)]),
    };

    private static MatrixChain Show(int depth, Func<MatrixCertificates, IReadOnlyList<byte[]>> present) => MatrixChain.Of(depth) with { Present = present };

    private static MatrixChain Believe(int depth, Func<MatrixCertificates, IReadOnlyDictionary<string, IReadOnlyList<byte[]>>> believe) =>
        MatrixChain.Of(depth) with { Believe = believe };
}
