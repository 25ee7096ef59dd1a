using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>Intermediates and roots with one thing wrong, or unusual and right.</summary>
internal static class AuthorityCases
{
    private const string NoSigner = "SPIFFE: a signing certificate has the key usage keyCertSign; openssl takes one without any key usage";

    private const string BothSides = "an SVID is for both sides of TLS, and so must be what signs it, as openssl has it in a handshake; openssl verify is not asked for a purpose";

    public static IEnumerable<MatrixCase> All => Places().SelectMany(Of)
        .Concat(Lengths()).Concat(Signers()).Concat(Constraints("upper", 0)).Concat(Constraints("lower", 1)).Concat(RootConstraints());

    /// <summary>Every place above the leaf, and how to change what stands there.</summary>
    private static IEnumerable<(string Name, Func<Func<Recipe, Recipe>, MatrixChain> Change)> Places()
    {
        yield return ("root", change => MatrixChain.Of(0).WithRoot(change));
        yield return ("root of two intermediates", change => MatrixChain.Of(2).WithRoot(change));
        yield return ("only intermediate", change => MatrixChain.Of(1).WithIntermediate(0, change));
        yield return ("upper intermediate", change => MatrixChain.Of(2).WithIntermediate(0, change));
        yield return ("lower intermediate", change => MatrixChain.Of(2).WithIntermediate(1, change));
    }

    private static IEnumerable<MatrixCase> Of((string Name, Func<Func<Recipe, Recipe>, MatrixChain> Change) place)
    {
        var (at, change) = (place.Name + ": ", place.Change);
        byte[] text = Recipe.Der(writer => writer.WriteCharacterString(UniversalTagNumber.UTF8String, "x"));
        yield return change(one => one with { NotAfter = Recipe.Now.AddMinutes(-1) }).Wrong(at + "expired");
        yield return change(one => one with { NotAfter = Recipe.Now }).Wrong(at + "expires this second");
        yield return change(one => one with { NotBefore = Recipe.Now.AddMinutes(1) }).Wrong(at + "not yet valid");
        yield return change(one => one with { NotAfter = Recipe.Now.AddMinutes(1) }).Right(at + "ends before what is below it");
        yield return change(one => one with { IsAuthority = false }).Wrong(at + "no authority");
        yield return change(one => one with { IsAuthority = false, KeyUsage = X509KeyUsageFlags.DigitalSignature }).Wrong(at + "a leaf");
        yield return change(one => one with { IsAuthority = null, KeyUsage = null }).Wrong(at + "neither constraints nor key usage");
        yield return change(one => one with { AreConstraintsCritical = false }).Right(at + "basic constraints not critical");
        yield return change(one => one with { KeyUsage = X509KeyUsageFlags.CrlSign }).Wrong(at + "may sign lists only");
        yield return change(one => one with { KeyUsage = X509KeyUsageFlags.DigitalSignature }).Wrong(at + "may sign no certificates");
        yield return change(one => one with { KeyUsage = X509KeyUsageFlags.KeyCertSign }).Right(at + "may sign certificates only");
        yield return change(one => one with { IsKeyUsageCritical = false }).Right(at + "key usage not critical");
        yield return change(one => one.With(new RecipeExtension("1.3.6.1.4.1.99999.1", true, text))).Wrong(at + "an unknown critical extension");
        yield return change(one => one.With(new RecipeExtension("1.3.6.1.4.1.99999.1", false, text))).Right(at + "an unknown extension");
        yield return change(one => one.Says("spiffe://td")).Right(at + "the trust domain's ID");
        yield return change(one => one.Says("spiffe://elsewhere")).Right(at + "another trust domain's ID");
        yield return change(one => one with { ExtendedKeyUsage = [Recipe.ServerAuthentication, Recipe.ClientAuthentication] }).Right(at + "extended key usage of both sides");
        yield return change(one => one with { ExtendedKeyUsage = [Recipe.AnyUsage] }).Stricter(at + "for anything, by that word", BothSides);
        yield return change(one => one with { ExtendedKeyUsage = [Recipe.ServerAuthentication] }).Stricter(at + "for servers only", BothSides);
        yield return change(one => one with { ExtendedKeyUsage = [Recipe.ClientAuthentication] }).Stricter(at + "for clients only", BothSides);
        yield return change(one => one with { ExtendedKeyUsage = [Recipe.CodeSigning] }).Stricter(at + "for code only", BothSides);
        yield return change(one => one with { Serial = -1 }).Right(at + "serial below 0");
        yield return change(one => one with { NamesKeys = false }).Right(at + "no key identifiers");
    }

    private static IEnumerable<MatrixCase> Lengths()
    {
        foreach (var (depth, length) in new[] { (0, 0), (1, 1), (1, 2), (2, 2) })
            yield return MatrixChain.Of(depth).WithRoot(root => root with { PathLength = length }).Right($"root allows {length} below it, there are {depth}");
        foreach (var (depth, length) in new[] { (1, 0), (2, 0), (2, 1) })
            yield return MatrixChain.Of(depth).WithRoot(root => root with { PathLength = length }).Wrong($"root allows {length} below it, there are {depth}");
        yield return MatrixChain.Of(2).WithIntermediate(0, one => one with { PathLength = 0 }).Wrong("upper intermediate allows none below it, there is one");
        yield return MatrixChain.Of(2).WithIntermediate(0, one => one with { PathLength = 1 }).Right("upper intermediate allows one below it");
        yield return MatrixChain.Of(2).WithIntermediate(1, one => one with { PathLength = 0 }).Right("lower intermediate allows none below it");
        yield return MatrixChain.Of(1).WithIntermediate(0, one => one with { PathLength = -1 }).Wrong("intermediate allows less than none below it");
        yield return MatrixChain.Of(0).WithLeaf(leaf => leaf with { PathLength = 3 }).Right("leaf that speaks of a length");
    }

    private static IEnumerable<MatrixCase> Signers()
    {
        foreach (var (name, index, depth) in new[] { ("only", 0, 1), ("upper", 0, 2), ("lower", 1, 2) })
        {
            yield return MatrixChain.Of(depth).WithIntermediate(index, one => one with { KeyUsage = null }).Stricter($"{name} intermediate: no key usage", NoSigner);
            yield return MatrixChain.Of(depth).WithIntermediate(index, one => one with { IsAuthority = null }).Wrong($"{name} intermediate: no basic constraints");
            yield return MatrixChain.Of(depth).WithIntermediate(index, one => one with { Version = 0 }).Wrong($"{name} intermediate: version 1");
        }

        yield return MatrixChain.Of(1).WithRoot(root => root with { KeyUsage = null }).Right("root: no key usage");
        yield return MatrixChain.Of(1).WithRoot(root => root with { IsAuthority = null }).Right("root: no basic constraints");
        yield return MatrixChain.Of(1).WithRoot(root => root with { Version = 0 }).Right("root: version 1");
    }

    private static IEnumerable<MatrixCase> Constraints(string name, int index)
    {
        foreach (var (what, isPermitted, names, isRight) in new[]
        {
            ("permits our URIs", true, new[] { "td" }, true),
            ("permits other URIs", true, ["elsewhere"], false),
            ("permits ours and others", true, ["elsewhere", "td"], true),
            ("permits what is below ours", true, [".td"], false),
            ("excludes our URIs", false, ["td"], false),
            ("excludes other URIs", false, ["elsewhere"], true),
        })
        {
            var chain = MatrixChain.Of(2).WithIntermediate(index, one => one.With(Limit(isPermitted, names)));
            yield return isRight ? chain.Right($"{name} intermediate {what}") : chain.Wrong($"{name} intermediate {what}");
        }
    }

    private static IEnumerable<MatrixCase> RootConstraints()
    {
        yield return MatrixChain.Of(1).WithRoot(root => root.With(Limit(true, "td"))).Right("root permits our URIs");
        yield return MatrixChain.Of(1).WithRoot(root => root.With(Limit(true, "elsewhere"))).Wrong("root permits other URIs");
        yield return MatrixChain.Of(1).WithRoot(root => root.With(Limit(false, "td"))).Wrong("root excludes our URIs");
    }

    // RFC 5280 §4.2.1.10: permitted is 0, excluded 1; a subtree holds a name, here of the choice 6.
    private static RecipeExtension Limit(bool isPermitted, params string[] names) => new("2.5.29.30", true, Recipe.Der(writer =>
    {
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, isPermitted ? 0 : 1)))
        {
            foreach (var name in names)
            {
                using (writer.PushSequence())
                    writer.WriteOctetString(RecipeName.Uri(name).Value, new Asn1Tag(TagClass.ContextSpecific, 6));
            }
        }
    }));
}
