namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>What stands in the subject alternative name.</summary>
internal static class NameCases
{
    private static readonly string Longest = "spiffe://td/" + new string('a', SpiffeId.MaximumLength - "spiffe://td/".Length);
    private static readonly string LongestDomain = new('d', TrustDomain.MaximumLength);

    public static IEnumerable<MatrixCase> All => Uris().Concat(Others()).Concat(Domains());

    private static IEnumerable<MatrixCase> Uris()
    {
        foreach (var uri in (string[])["spiffe://td/a", "spiffe://td/a/B.c_d-e", "spiffe://td/...", "spiffe://td/.a", "spiffe://td/a..b", "spiffe://td/0", Longest])
            yield return Chain(RecipeName.Uri(uri)).Right($"URI {Shorten(uri)}");
        foreach (var uri in (string[])
        [
            "", "spiffe:/", "spiffe:/td/x", "spiffe://", "spiffe:///x", "Spiffe://td/x", "SPIFFE://td/x", "http://td/x", "https://td/x", "urn:td:x", "td/x",
            "spiffe://TD/x", "spiffe://Td/x", "spiffe://td:80/x", "spiffe://u@td/x", "spiffe://u:p@td/x", "spiffe://td%20/x", "spiffe://[::1]/x",
            "spiffe://td", "spiffe://td/", "spiffe://td//x", "spiffe://td/x/", "spiffe://td/x//", "spiffe://td/./x", "spiffe://td/x/.", "spiffe://td/../x", "spiffe://td/..",
            "spiffe://td/%41", "spiffe://td/%2e%2e/x", "spiffe://td/x?q", "spiffe://td?q", "spiffe://td/x#f", "spiffe://td#f", "spiffe://td/x y", "spiffe://td/x:y", "spiffe://td/x@y",
            "spiffe://td/x\0", "spiffe://td/x\n", " spiffe://td/x", "spiffe://td/x ", "spiffe://td/ü", "spiffe://tü/x", "spiffe://td\\x", "spiffe://td/x,URI:spiffe://td/y", "spiffe://td/~x", "spiffe://td/x*",
            Longest + "a",
        ])
            yield return Chain(RecipeName.Uri(uri)).Wrong($"URI {Shorten(uri)}");
    }

    private static IEnumerable<MatrixCase> Others()
    {
        var id = RecipeName.Uri("spiffe://td/x");
        yield return MatrixChain.Of(0).WithLeaf(leaf => leaf with { Names = null }).Wrong("names: none at all");
        yield return Chain().Wrong("names: an empty list");
        yield return Chain(RecipeName.Dns("a.example")).Wrong("names: DNS alone");
        yield return Chain(RecipeName.Dns("spiffe://td/x")).Wrong("names: an ID as DNS");
        yield return Chain(new RecipeName(1, "spiffe://td/x"u8.ToArray())).Wrong("names: an ID as a mail address");
        yield return Chain(id, RecipeName.Dns("a.example")).Right("names: an ID and DNS");
        yield return Chain(RecipeName.Dns("a.example"), RecipeName.Dns("b.example"), id).Right("names: DNS twice and an ID");
        yield return Chain(id, new RecipeName(7, [10, 0, 0, 1]), new RecipeName(1, "a@b.example"u8.ToArray())).Right("names: an ID, an address and a mail address");
        yield return Chain(id, id).Wrong("names: the same ID twice");
        yield return Chain(id, RecipeName.Uri("spiffe://td/y")).Wrong("names: two IDs");
        yield return Chain(id, RecipeName.Uri("https://a.example/")).Wrong("names: an ID and a URL");
        yield return Chain(RecipeName.Uri("https://a.example/"), id).Wrong("names: a URL and an ID");
        yield return MatrixChain.Of(0).WithLeaf(leaf => leaf with { Subject = "CN=spiffe://td/x", Names = null }).Wrong("names: an ID as subject");
    }

    private static IEnumerable<MatrixCase> Domains()
    {
        yield return Chain(RecipeName.Uri("spiffe://elsewhere/x")).Wrong("trust domain: no bundle");
        yield return Chain(RecipeName.Uri("spiffe://td.example/x")).Wrong("trust domain: begins like ours");
        yield return Believed("other", "spiffe://td/x").Wrong("trust domain: the root is another domain's");
        yield return Believed("other", "spiffe://other/x").Right("trust domain: another one with its own root");
        yield return Believed("1.2.3.4", "spiffe://1.2.3.4/x").Right("trust domain: four numbers");
        yield return Believed("a.-_9", "spiffe://a.-_9/x").Right("trust domain: every character");
        yield return Believed(LongestDomain, $"spiffe://{LongestDomain}/x").Right("trust domain: 255 bytes");
        yield return Believed("td", $"spiffe://{LongestDomain}d/x").Wrong("trust domain: 256 bytes");
    }

    private static MatrixChain Believed(string domain, string uri) =>
        Chain(RecipeName.Uri(uri)) with { Believe = made => MatrixChain.Bundle(domain, made.Root) };

    private static MatrixChain Chain(params RecipeName[] names) => MatrixChain.Of(0).WithLeaf(leaf => leaf with { Names = names });

    private static string Shorten(string uri) => uri.Length > 80 ? $"{uri[..20]}… of {uri.Length} bytes" : $"'{uri}'";
}
