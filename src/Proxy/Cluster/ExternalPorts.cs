using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads `spec.ports` of an `ExternalWorkload`.</summary>
internal static class ExternalPorts
{
    private const int LongestName = 15;

    public static IReadOnlyList<(string Name, TransportProtocol Protocol, ushort Port)> Read(FieldReader fields, ManifestMapping? spec)
    {
        List<(string Name, TransportProtocol Protocol, ushort Port)> ports = [];
        foreach (var item in fields.Mappings(spec, "ports"))
        {
            fields.KeepTo(item, ["name", "protocol", "port"], _ => "");
            if (item["port"] is null or ManifestScalar { IsNull: true })
                fields.Refuse(item, "the port is missing");
            var name = NameOf(fields, item);
            if (ServiceReader.ProtocolOf(fields, item) is not { } protocol || fields.Port(item, "port") is not { } port)
                continue;
            if (ports.Exists(other => other.Protocol == protocol && (other.Port == port || (name.Length > 0 && other.Name == name))))
                fields.Refuse(item, "the port, or its name, is listed twice", "remove one of them");
            ports.Add((name, protocol, port));
        }

        if (spec?["ports"] is ManifestSequence { Items.Count: 0 })
            fields.Refuse(spec["ports"]!, "an empty list offers no port", "name the ports, or remove the key to offer every port");
        return ports;
    }

    // As Kubernetes names ports; policies could name no other.
    private static string NameOf(FieldReader fields, ManifestMapping item)
    {
        if (fields.Text(item, "name") is not { } name)
            return "";
        var isName = name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            && name.Any(char.IsAsciiLetterLower) && name[0] != '-' && name[^1] != '-';
        if (isName)
            return name;
        fields.Refuse(item["name"]!, "not a port's name: at most 15 lower-case letters, digits and '-', with a letter");
        return "";
    }
}
