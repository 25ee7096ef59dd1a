using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>What a manifest says of a node.</summary>
internal sealed record NodeDocument(string Name, IReadOnlyList<Address> Addresses)
{
    /// <summary>Reads `v1 Node`; addresses that are names are passed over.</summary>
    public static NodeDocument Read(FieldReader fields)
    {
        List<Address> addresses = [];
        foreach (var item in fields.Mappings(fields.Mapping(fields.Root, "status"), "addresses"))
        {
            var isAddress = fields.Text(item, "type") is "InternalIP" or "ExternalIP";
            if (isAddress && item["address"] is ManifestScalar scalar && fields.TryAddress(scalar, out var address))
                addresses.Add(address);
        }

        return new NodeDocument(fields.Name(), addresses);
    }
}
