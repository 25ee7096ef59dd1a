using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads `spec.addresses` of an `ExternalWorkload`.</summary>
internal static class ExternalAddresses
{
    private static readonly (Cidr Range, string Why)[] Impossible =
    [
        (RangeOf("0.0.0.0/8"), "an address of this network is no machine's"),
        (RangeOf("::/128"), "the unspecified address is no machine's"),
        (RangeOf("127.0.0.0/8"), "a loopback address is every machine's own"),
        (RangeOf("::1/128"), "a loopback address is every machine's own"),
        (RangeOf("169.254.0.0/16"), "a link-local address means another machine on every link"),
        (RangeOf("fe80::/10"), "a link-local address means another machine on every link"),
        (RangeOf("224.0.0.0/4"), "a group's address is no machine's"),
        (RangeOf("ff00::/8"), "a group's address is no machine's"),
        (RangeOf("255.255.255.255/32"), "the broadcast address is no machine's"),
    ];

    /// <summary>Those that a machine can have, each once; what else is written refuses the document.</summary>
    public static IReadOnlyList<Address> Read(FieldReader fields, ManifestMapping? spec)
    {
        List<Address> addresses = [];
        foreach (var item in fields.Scalars(spec, "addresses"))
        {
            if (!fields.TryAddress(item, out var address))
                continue;
            if (Array.Find(Impossible, impossible => impossible.Range.Contains(address)) is { Why: { } why })
                fields.Refuse(item, why);
            else if (addresses.Contains(address))
                fields.Refuse(item, "the address is listed twice", "remove one of them");
            else
                addresses.Add(address);
        }

        if (addresses.Count == 0 && spec is not null && spec["addresses"] is null or ManifestScalar { IsNull: true } or ManifestSequence { Items.Count: 0 })
            fields.Refuse(spec, "addresses are missing", "the machine's IPv4 and IPv6 addresses");
        return addresses;
    }

    /// <summary>Whatever in a text looks like an address that a machine can have.</summary>
    public static IEnumerable<Address> Guess(IEnumerable<string> words)
    {
        foreach (var word in words)
        {
            if (Address.TryParse(word, out var address) && !Array.Exists(Impossible, impossible => impossible.Range.Contains(address)))
                yield return address;
        }
    }

    private static Cidr RangeOf(string text) => Cidr.TryParse(text, out var range) ? range : throw new ArgumentException(text);
}
