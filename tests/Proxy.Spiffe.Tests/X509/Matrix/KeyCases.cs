namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>Kinds of keys and of signatures, at every place of a chain.</summary>
internal static class KeyCases
{
    private static readonly KeyKind[] Strong = [KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.Rsa2048, KeyKind.Rsa3072, KeyKind.Rsa4096, KeyKind.Ed25519];

    public static IEnumerable<MatrixCase> All => Alike().Concat(Mixed()).Concat(Weak());

    private static IEnumerable<MatrixCase> Alike() =>
        from kind in Strong
        from depth in Enumerable.Range(0, 3)
        select MatrixChain.Of(depth, kind).Right($"{kind} all along, depth {depth}");

    private static IEnumerable<MatrixCase> Mixed()
    {
        foreach (var kind in Strong.Where(kind => kind != KeyKind.P256))
        {
            yield return MatrixChain.Of(1).WithLeaf(leaf => leaf with { Key = MatrixKey.Of(kind, "root") }).Right($"leaf {kind}, the rest P256");
            yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { Key = MatrixKey.Of(kind, "root") }).Right($"intermediate {kind}, the rest P256");
            yield return MatrixChain.Of(1).WithRoot(root => root with { Key = MatrixKey.Of(kind, "root") }).Right($"root {kind}, the rest P256");
        }

        foreach (var kind in (SignatureKind[])[SignatureKind.Sha256, SignatureKind.Sha384, SignatureKind.Sha512, SignatureKind.Pss])
            yield return MatrixChain.Of(1, KeyKind.Rsa2048).WithLeaf(leaf => leaf with { Signature = kind }).Right($"leaf signed by RSA with {kind}");
    }

    private static IEnumerable<MatrixCase> Weak()
    {
        foreach (var kind in (KeyKind[])[KeyKind.Rsa1024])
        {
            yield return MatrixChain.Of(1).WithLeaf(leaf => leaf with { Key = MatrixKey.Of(kind, "root") }).Wrong($"leaf {kind}");
            yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { Key = MatrixKey.Of(kind, "root") }).Wrong($"intermediate {kind}");
            yield return MatrixChain.Of(1).WithRoot(root => root with { Key = MatrixKey.Of(kind, "root") }).Wrong($"root {kind}");
            yield return MatrixChain.Of(0).WithRoot(root => root with { Key = MatrixKey.Of(kind, "root") }).Wrong($"root {kind}, no intermediate");
        }

        yield return MatrixChain.Of(1).WithLeaf(leaf => leaf with { Key = MatrixKey.Of(KeyKind.P224, "leaf") }).Right("leaf P224");
        foreach (var kind in (SignatureKind[])[SignatureKind.Md5, SignatureKind.Sha1, SignatureKind.PssOfSha1])
        {
            var chain = MatrixChain.Of(1, KeyKind.Rsa2048);
            yield return chain.WithLeaf(leaf => leaf with { Signature = kind }).Wrong($"leaf signed by RSA with {kind}");
            yield return chain.WithIntermediate(0, one => one with { Signature = kind }).Wrong($"intermediate signed by RSA with {kind}");
            yield return chain.WithRoot(root => root with { Signature = kind }).Right($"root signed by itself by RSA with {kind}, which nobody looks at");
        }

        yield return MatrixChain.Of(1).WithLeaf(leaf => leaf with { Signature = SignatureKind.Sha1 }).Wrong("leaf signed by P256 with Sha1");
        yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { Signature = SignatureKind.Sha1 }).Wrong("intermediate signed by P256 with Sha1");
        yield return MatrixChain.Of(0).WithRoot(root => root with { Signature = SignatureKind.Sha1 }).Right("root signed by itself by P256 with Sha1, which nobody looks at");
    }
}
