using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>
/// Checks what an entry of toPorts says of layers above the port, requests of HTTP apart: all of it is understood, and not
/// supported yet.
/// </summary>
internal sealed class LayerReading(bool isOfCluster, FaultLog faults)
{
    private const int MaxServerName = 255;
    private const int MaxPriority = 100;
    private const string ClusterListener = "CiliumClusterwideEnvoyConfig";

    private static readonly KeySchema TlsContext = new(["secret", "trustedCA", "certificate", "privateKey"], []);
    private static readonly KeySchema Secret = new(["namespace", "name"], []);
    private static readonly KeySchema Listener = new(["envoyConfig", "name", "priority"], []);
    private static readonly KeySchema EnvoyConfig = new(["kind", "name"], []);
    private static readonly KeySchema Kafka = new(["role", "apiKey", "apiVersion", "clientID", "topic"], []);
    private static readonly string[] EnvoyKinds = ["CiliumEnvoyConfig", ClusterListener];

    private readonly FqdnReading _names = new(faults);

    /// <summary>Whether the entry holds nothing that is not supported yet.</summary>
    public bool Check(ManifestMapping entry, PortMatch ports, ItemList list)
    {
        var rules = entry["rules"] as ManifestMapping;
        var isSupported = CheckServerNames(entry, rules, list);
        isSupported &= CheckTls(entry, "terminatingTLS", list);
        isSupported &= CheckTls(entry, "originatingTLS", list);
        isSupported &= CheckListener(entry, rules, list);
        return (rules is null || CheckRules(rules, ports, list)) && isSupported;
    }

    private bool CheckServerNames(ManifestMapping entry, ManifestMapping? rules, ItemList list)
    {
        if (entry.FindGiven("serverNames", faults)?.AsItems(faults) is not { Count: > 0 } names)
            return true;

        foreach (var name in names)
        {
            if (name.AsText(faults) is { } text && text.Length is 0 or > MaxServerName)
                faults.Add(name, text.Length == 0 ? "an empty server name" : $"longer than {MaxServerName} characters");
        }

        if (rules is { Entries.Count: > 0 } && entry.Find("terminatingTLS") is null)
            faults.Add(entry["serverNames"]!, "serverNames beside rules need terminatingTLS: the requests are encrypted");
        faults.Warn(entry["serverNames"]!, $"serverNames {list.WithoutSupport}");
        return false;
    }

    private bool CheckTls(ManifestMapping entry, string key, ItemList list)
    {
        if (entry.FindGiven(key, faults) is not { } node)
            return true;

        if (node.AsMapping(faults) is { } context)
        {
            TlsContext.Check(context, faults);
            CheckSecret(context);
        }

        faults.Warn(node, $"{key} {list.WithoutSupport}");
        return false;
    }

    private void CheckSecret(ManifestMapping context)
    {
        if (context.Find("secret")?.AsMapping(faults) is not { } secret)
        {
            if (context.Find("secret") is null)
                faults.Add(context, "the secret is missing");
            return;
        }

        Secret.Check(secret, faults);
        if (secret.Find("name") is not { } name)
            faults.Add(secret, "the name of the secret is missing");
        else if (name.AsText(faults) is "")
            faults.Add(name, "the name of the secret is empty");
    }

    private bool CheckListener(ManifestMapping entry, ManifestMapping? rules, ItemList list)
    {
        if (entry.FindGiven("listener", faults) is not { } node)
            return true;

        if (list.Direction == Direction.Ingress)
            faults.Add(node, "a listener is for egress only");
        if (rules is { Entries.Count: > 0 })
            faults.Add(node, "a listener cannot stand beside rules");
        if (node.AsMapping(faults) is { } listener)
            CheckListener(listener);
        faults.Warn(node, $"listener {list.WithoutSupport}");
        return false;
    }

    private void CheckListener(ManifestMapping listener)
    {
        Listener.Check(listener, faults);
        if (listener.Find("name")?.AsText(faults) is null or "")
            faults.Add(listener, "the name of the listener is missing");
        if (listener.FindGiven("priority", faults) is { } priority && priority.AsNumber(faults) is { } number and (0 or > MaxPriority))
            faults.Add(priority, $"a priority is a number from 1 to {MaxPriority}, not {number}");
        if (listener.Find("envoyConfig") is not { } node)
            faults.Add(listener, "the envoyConfig is missing");
        else if (node.AsMapping(faults) is { } config)
            CheckEnvoyConfig(config);
    }

    private void CheckEnvoyConfig(ManifestMapping config)
    {
        EnvoyConfig.Check(config, faults);
        if (config.Find("name")?.AsText(faults) is null or "")
            faults.Add(config, "the name of the configuration is missing");
        if (config.Find("kind") is not { } node || node.AsText(faults) is not { } kind)
            return;

        if (!EnvoyKinds.Contains(kind))
            faults.Add(node, $"unknown value '{ManifestText.Show(kind)}'", $"one of {string.Join(", ", EnvoyKinds)}");
        else if (isOfCluster && kind != ClusterListener)
            faults.Add(node, "a policy of the cluster cannot name a listener of a namespace", $"did you mean '{ClusterListener}'?");
    }

    private bool CheckRules(ManifestMapping rules, PortMatch ports, ItemList list)
    {
        string[] kinds = ["http", "dns", "kafka", "l7proto"];
        var given = kinds.Where(kind => rules.Find(kind) is not null).ToList();
        if (given.Count > 1)
            faults.Add(rules, $"rules are of one kind: {given[0]} and {given[1]} cannot stand together", "write an entry of toPorts for each");
        if (rules.Find("l7") is { } pairs && rules.Find("l7proto") is null)
            faults.Add(pairs, "l7 needs l7proto beside it");

        var isSupported = CheckDns(rules, ports, list);
        isSupported &= CheckKafka(rules, ports, list);
        return CheckPairs(rules, ports, list) && isSupported;
    }

    private bool CheckDns(ManifestMapping rules, PortMatch ports, ItemList list)
    {
        if (rules.FindGiven("dns", faults) is not { } dns || dns is ManifestSequence { Items.Count: 0 })
            return true;

        _names.Check(dns);
        if (list.Direction == Direction.Ingress)
            faults.Add(dns, "rules about names are for egress only");
        if (ports.Entries.Count == 0)
            faults.Add(dns, "rules about names need a port", "write 'port: \"53\"'");
        else if (ports.Entries.Any(port => port.First != port.Last))
            faults.Add(dns, "rules about names need one port, not a range");
        else if (ports.Entries.Any(port => port.IsWhole))
            faults.Add(dns, "rules about names need a port number, not port 0");
        faults.Warn(dns, $"dns {list.WithoutSupport}");
        return false;
    }

    private bool CheckKafka(ManifestMapping rules, PortMatch ports, ItemList list)
    {
        if (rules.FindGiven("kafka", faults)?.AsItems(faults) is not { Count: > 0 } items)
            return true;

        foreach (var item in items)
        {
            if (item.AsMapping(faults) is { } rule)
                Kafka.Check(rule, faults);
        }

        CheckTcp(rules["kafka"]!, ports);
        faults.Warn(rules["kafka"]!, $"kafka {list.WithoutSupport}");
        return false;
    }

    private bool CheckPairs(ManifestMapping rules, PortMatch ports, ItemList list)
    {
        if (rules.FindGiven("l7proto", faults) is not { } proto)
            return rules.Find("l7") is null;

        proto.AsText(faults);
        foreach (var item in rules.FindGiven("l7", faults)?.AsItems(faults) ?? [])
            item.AsMapping(faults);
        CheckTcp(proto, ports);
        faults.Warn(proto, $"l7proto {list.WithoutSupport}");
        return false;
    }

    private void CheckTcp(ManifestNode rules, PortMatch ports)
    {
        if (ports.Entries.Any(entry => entry.Protocol != TransportProtocol.Tcp))
            faults.Add(rules, "the rules need protocol TCP on every port of the entry", "write 'protocol: TCP'");
        else if (ports.Entries.Any(entry => entry.IsWhole))
            faults.Add(rules, "the rules need port numbers, not port 0");
    }
}
