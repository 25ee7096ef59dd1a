namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>A root, what stands between, and a leaf: each signs the next. All right, until something is made wrong.</summary>
internal sealed record MatrixChain
{
    public required Recipe Root { get; init; }

    /// <summary>From the root downwards.</summary>
    public required IReadOnlyList<Recipe> Intermediates { get; init; }

    public required Recipe Leaf { get; init; }

    /// <summary>Who signs the leaf under the name of its issuer; null: the issuer.</summary>
    public MatrixKey? Forger { get; init; }

    /// <summary>Turns what would be presented, leaf first and then upwards, into what is.</summary>
    public Func<MatrixCertificates, IReadOnlyList<byte[]>> Present { get; init; } = made => [made.Leaf, .. made.Upwards];

    /// <summary>The bundles; by default the root is all that the trust domain td has.</summary>
    public Func<MatrixCertificates, IReadOnlyDictionary<string, IReadOnlyList<byte[]>>> Believe { get; init; } = made => Bundle("td", made.Root);

    public static MatrixChain Of(int depth, KeyKind kind = KeyKind.P256) => new()
    {
        Root = Recipe.Authority("root", kind),
        Intermediates = [.. Enumerable.Range(1, depth).Select(i => Recipe.Authority($"intermediate {i}", kind))],
        Leaf = Recipe.Leaf(kind),
    };

    public static IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Bundle(string domain, params byte[][] roots) =>
        new Dictionary<string, IReadOnlyList<byte[]>> { [domain] = roots };

    public MatrixChain WithLeaf(Func<Recipe, Recipe> change) => this with { Leaf = change(Leaf) };

    public MatrixChain WithRoot(Func<Recipe, Recipe> change) => this with { Root = change(Root) };

    /// <param name="index">From the root downwards.</param>
    /// <param name="change">What is to be otherwise.</param>
    public MatrixChain WithIntermediate(int index, Func<Recipe, Recipe> change) =>
        this with { Intermediates = [.. Intermediates.Select((one, i) => i == index ? change(one) : one)] };

    public MatrixCase Right(string name) => ToCase(name, isRight: true);

    public MatrixCase Wrong(string name) => ToCase(name, isRight: false);

    /// <summary>Allowed by openssl and SPIFFE's rules, and refused by us.</summary>
    public MatrixCase Stricter(string name, string reason) => ToCase(name, isRight: true) with { Stricter = reason };

    private MatrixCase ToCase(string name, bool isRight)
    {
        var root = CertificateMaker.Make(Root, Root.Subject, Root.Key);
        var (issuer, chain) = (Root, new List<byte[]>());
        foreach (var intermediate in Intermediates)
        {
            chain.Insert(0, CertificateMaker.Make(intermediate, issuer.Subject, issuer.Key));
            issuer = intermediate;
        }

        var made = new MatrixCertificates(CertificateMaker.Make(Leaf, issuer.Subject, Forger ?? issuer.Key), chain, root);
        return new MatrixCase(name, isRight, Present(made), Believe(made));
    }
}

/// <summary>A chain that is made.</summary>
/// <param name="Leaf">DER.</param>
/// <param name="Upwards">What stands between, from the leaf upwards.</param>
/// <param name="Root">DER.</param>
internal sealed record MatrixCertificates(byte[] Leaf, IReadOnlyList<byte[]> Upwards, byte[] Root);
