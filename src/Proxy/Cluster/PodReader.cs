using System.Security.Cryptography;
using System.Text;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads `v1 Pod`.</summary>
internal static class PodReader
{
    private const string NetworkNamespaceAnnotation = "node-proxy.dev/netns";
    private const int LongestWord = 255;

    public static PodDocument Read(FieldReader fields)
    {
        var spec = fields.Mapping(fields.Root, "spec");
        var pod = new PodDocument
        {
            Place = fields.Place,
            Namespace = fields.Namespace(),
            Name = fields.Name(),
            Uid = Word(fields, fields.Metadata, "uid"),
            ServiceAccount = fields.Subdomain(spec, "serviceAccountName", "default"),
            NodeName = fields.Subdomain(spec, "nodeName", ""),
            Addresses = AddressesOf(fields),
            Labels = fields.Texts(fields.Metadata, "labels"),
            Mode = EnrolmentReader.Read(fields),
            Exclusions = ExclusionReader.Read(fields),
            Ports = PortsOf(fields, spec),
            IsHostNetwork = fields.Flag(spec, "hostNetwork") ?? false,
            NetworkNamespace = Word(fields, fields.Mapping(fields.Metadata, "annotations"), NetworkNamespaceAnnotation),
            Owners = OwnersOf(fields),
            IsGone = IsGone(fields),
        };
        return pod with { DerivedUid = DeriveUid(pod, fields) };
    }

    // What a pod keeps for its life: labels and enrolment may change under it, the rest makes another pod.
    private static string DeriveUid(PodDocument pod, FieldReader fields)
    {
        var text = string.Join('\0', [
            pod.Namespace,
            pod.Name,
            pod.ServiceAccount,
            pod.NodeName,
            pod.NetworkNamespace ?? "",
            pod.IsHostNetwork ? "host" : "pod",
            fields.Text(fields.Metadata, "creationTimestamp") ?? "",
            .. pod.Owners.Select(owner => $"{owner.Kind}/{owner.Name}"),
            .. pod.Addresses.Order().Select(address => address.ToString()),
        ]);
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16), bigEndian: true).ToString();
    }

    private static List<Address> AddressesOf(FieldReader fields)
    {
        var status = fields.Mapping(fields.Root, "status");
        var addresses = new List<Address>();
        foreach (var podIp in fields.Mappings(status, "podIPs"))
            Add(fields, podIp, "ip", addresses);

        if (addresses.Count == 0)
            Add(fields, status, "podIP", addresses);
        return addresses;
    }

    private static void Add(FieldReader fields, ManifestMapping? parent, string key, List<Address> addresses)
    {
        if (fields.Text(parent, key) is not { Length: > 0 } || parent?[key] is not ManifestScalar scalar)
            return;

        if (!fields.TryAddress(scalar, out var address))
            return;

        if (address.IsLoopback)
            fields.Refuse(scalar, "a loopback address cannot be a pod's");
        else if (!addresses.Contains(address))
            addresses.Add(address);
    }

    // Of init containers too: those that go on running (sidecars) serve as well, and the names of a pod are one space.
    private static NamedPorts PortsOf(FieldReader fields, ManifestMapping? spec)
    {
        List<(string Name, TransportProtocol Protocol, ushort Port)> ports = [];
        foreach (var container in fields.Mappings(spec, "containers").Concat(fields.Mappings(spec, "initContainers")))
        {
            foreach (var item in fields.Mappings(container, "ports"))
            {
                if (fields.Text(item, "name") is { Length: > 0 } name && fields.Port(item, "containerPort") is { } port && ServiceReader.ProtocolOf(fields, item) is { } protocol)
                    ports.Add((name, protocol, port));
            }
        }

        return ports.Count == 0 ? NamedPorts.None : new NamedPorts(ports);
    }

    private static List<(string Kind, string Name)> OwnersOf(FieldReader fields)
    {
        var owners = new List<(string Kind, string Name)>();
        foreach (var owner in fields.Mappings(fields.Metadata, "ownerReferences"))
            owners.Add((fields.Text(owner, "kind") ?? "", fields.Text(owner, "name") ?? ""));
        return owners;
    }

    private static bool IsGone(FieldReader fields) =>
        fields.Text(fields.Metadata, "deletionTimestamp") is not null
        || fields.Text(fields.Mapping(fields.Root, "status"), "phase") is "Succeeded" or "Failed";

    // No slash: an annotation must not be able to name a namespace outside the directory of named ones.
    private static string? Word(FieldReader fields, ManifestMapping? parent, string key)
    {
        if (fields.Text(parent, key) is not { } text)
            return null;

        if (text.Length is > 0 and <= LongestWord && text[0] != '.'
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            return text;

        fields.Refuse(parent![key]!, "must be a word of letters, digits, '-', '_' and '.'");
        return null;
    }
}
