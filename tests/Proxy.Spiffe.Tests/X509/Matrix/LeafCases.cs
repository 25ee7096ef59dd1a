using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>Leaves with one thing wrong, or unusual and right, directly below a root and below an intermediate.</summary>
internal static class LeafCases
{
    private const X509KeyUsageFlags Digital = X509KeyUsageFlags.DigitalSignature;

    public static IEnumerable<MatrixCase> All => Enumerable.Range(0, 2).SelectMany(depth => Of(depth).Concat(Usages(depth)).Concat(Extensions(depth)));

    private static IEnumerable<MatrixCase> Of(int depth)
    {
        var chain = MatrixChain.Of(depth);
        var at = $"leaf at depth {depth}: ";
        yield return chain.WithLeaf(leaf => leaf with { IsAuthority = true }).Wrong(at + "an authority");
        yield return chain.WithLeaf(leaf => leaf with { IsAuthority = true, KeyUsage = Digital | X509KeyUsageFlags.KeyCertSign }).Wrong(at + "an authority that signs");
        yield return chain.WithLeaf(leaf => leaf with { IsAuthority = null }).Right(at + "no basic constraints");
        yield return chain.WithLeaf(leaf => leaf with { AreConstraintsCritical = false }).Right(at + "basic constraints not critical");
        yield return chain.WithLeaf(leaf => leaf with { Subject = "" }).Right(at + "no subject, names not critical");
        yield return chain.WithLeaf(leaf => leaf with { Subject = "", AreNamesCritical = true }).Right(at + "no subject, names critical");
        yield return chain.WithLeaf(leaf => leaf with { AreNamesCritical = true }).Right(at + "names critical");
        yield return chain.WithLeaf(leaf => leaf with { Serial = 0 }).Right(at + "serial 0");
        yield return chain.WithLeaf(leaf => leaf with { Serial = -5 }).Right(at + "serial below 0");
        yield return chain.WithLeaf(leaf => leaf with { Serial = System.Numerics.BigInteger.Pow(2, 300) }).Right(at + "serial of 38 bytes");
        yield return chain.WithLeaf(leaf => leaf with { NamesKeys = false }).Right(at + "no key identifiers");
        yield return chain.WithLeaf(leaf => leaf with { NotAfter = Recipe.Now.AddMinutes(-1) }).Wrong(at + "expired");
        yield return chain.WithLeaf(leaf => leaf with { NotAfter = Recipe.Now }).Wrong(at + "expires this second");
        yield return chain.WithLeaf(leaf => leaf with { NotAfter = Recipe.Now.AddSeconds(1) }).Right(at + "expires next second");
        yield return chain.WithLeaf(leaf => leaf with { NotBefore = Recipe.Now.AddSeconds(1) }).Wrong(at + "valid from next second");
        yield return chain.WithLeaf(leaf => leaf with { NotBefore = Recipe.Now }).Right(at + "valid from this second");
        yield return chain.WithLeaf(leaf => leaf with { NotBefore = Recipe.Now.AddHours(2), NotAfter = Recipe.Now.AddHours(-2) }).Wrong(at + "ends before it begins");
        yield return chain.WithLeaf(leaf => leaf with { NotAfter = new(2150, 1, 1, 0, 0, 0, TimeSpan.Zero) }).Right(at + "valid to the year 2150");
        yield return (chain with { Forger = MatrixKey.Of(KeyKind.P256, "forger") }).Wrong(at + "signed by another key under the issuer's name");
        yield return (chain.WithLeaf(leaf => leaf with { NamesKeys = false }) with { Forger = MatrixKey.Of(KeyKind.P256, "forger") }).Wrong(at + "the same without key identifiers");
        yield return chain.WithLeaf(leaf => leaf with { Spoil = der => Flip(der, der.Length - 3) }).Wrong(at + "signature changed");
        yield return chain.WithLeaf(leaf => leaf with { Spoil = ChangeId }).Wrong(at + "ID changed after it was signed");
        yield return chain.WithLeaf(leaf => leaf with { ClaimedSignature = SignatureKind.Sha384 }).Wrong(at + "two signature algorithms");
        yield return chain.WithLeaf(leaf => leaf with { Version = 0 }).Wrong(at + "version 1");
    }

    private static IEnumerable<MatrixCase> Usages(int depth)
    {
        var at = $"leaf at depth {depth}: ";
        yield return Use(null).Wrong(at + "no key usage");
        yield return Use(X509KeyUsageFlags.None).Wrong(at + "an empty key usage");
        yield return Use(X509KeyUsageFlags.KeyEncipherment).Wrong(at + "key usage without digitalSignature");
        yield return Use(Digital | X509KeyUsageFlags.KeyCertSign).Wrong(at + "keyCertSign");
        yield return Use(Digital | X509KeyUsageFlags.CrlSign).Wrong(at + "cRLSign");
        yield return Use(Digital | X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyAgreement).Right(at + "keyEncipherment and keyAgreement too");
        yield return Use(Digital | X509KeyUsageFlags.NonRepudiation | X509KeyUsageFlags.DecipherOnly).Right(at + "a usage in the second byte too");
        yield return MatrixChain.Of(depth).WithLeaf(leaf => leaf with { IsKeyUsageCritical = false }).Right(at + "key usage not critical");
        yield return UseAs(null).Right(at + "no extended key usage");
        yield return UseAs([Recipe.ServerAuthentication]).Wrong(at + "for servers only");
        yield return UseAs([Recipe.ClientAuthentication]).Wrong(at + "for clients only");
        yield return UseAs([Recipe.CodeSigning]).Wrong(at + "for code only");
        yield return UseAs([Recipe.AnyUsage]).Wrong(at + "for anything, by that word");
        yield return UseAs([]).Wrong(at + "for nothing");
        yield return UseAs([Recipe.ClientAuthentication, Recipe.CodeSigning, Recipe.ServerAuthentication]).Right(at + "for code too");
        yield return MatrixChain.Of(depth).WithLeaf(leaf => leaf with { IsExtendedKeyUsageCritical = true }).Right(at + "extended key usage critical");

        MatrixChain Use(X509KeyUsageFlags? usage) => MatrixChain.Of(depth).WithLeaf(leaf => leaf with { KeyUsage = usage });
        MatrixChain UseAs(string[]? usages) => MatrixChain.Of(depth).WithLeaf(leaf => leaf with { ExtendedKeyUsage = usages });
    }

    private static IEnumerable<MatrixCase> Extensions(int depth)
    {
        var at = $"leaf at depth {depth}: ";
        byte[] text = Recipe.Der(writer => writer.WriteCharacterString(UniversalTagNumber.UTF8String, "x"));
        byte[] usage = new X509KeyUsageExtension(Digital, false).RawData;
        yield return Has(new("1.3.6.1.4.1.99999.1", true, text)).Wrong(at + "an unknown critical extension");
        yield return Has(new("1.3.6.1.4.1.99999.1", false, text)).Right(at + "an unknown extension");
        yield return Has(new("1.3.6.1.4.1.99999.1", false, [0xFF, 0x00])).Right(at + "an unknown extension that is no DER");
        yield return Has(new("2.5.29.15", true, usage)).Wrong(at + "two key usages");
        yield return Has(new("2.5.29.17", false, [0x30, 0x00])).Wrong(at + "two subject alternative names");
        yield return Replace(leaf => leaf with { KeyUsage = null }, new("2.5.29.15", true, [0x04, 0x00])).Wrong(at + "a key usage that is none");
        yield return Replace(leaf => leaf with { ExtendedKeyUsage = null }, new("2.5.29.37", false, [0x30, 0x03, 0x06])).Wrong(at + "an extended key usage that is none");
        yield return Replace(leaf => leaf with { IsAuthority = null }, new("2.5.29.19", true, [0x01])).Wrong(at + "basic constraints that are none");
        yield return Replace(leaf => leaf with { Names = null }, new("2.5.29.17", false, [0x30, 0x05, 0x86])).Wrong(at + "names that are none");

        MatrixChain Has(RecipeExtension extension) => MatrixChain.Of(depth).WithLeaf(leaf => leaf.With(extension));
        MatrixChain Replace(Func<Recipe, Recipe> without, RecipeExtension extension) => MatrixChain.Of(depth).WithLeaf(leaf => without(leaf).With(extension));
    }

    private static byte[] Flip(byte[] der, int at)
    {
        der[at] ^= 1;
        return der;
    }

    private static byte[] ChangeId(byte[] der)
    {
        "admin"u8.CopyTo(der.AsSpan(der.AsSpan().IndexOf("alice"u8)));
        return der;
    }
}
