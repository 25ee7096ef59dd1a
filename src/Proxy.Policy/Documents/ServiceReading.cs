using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads <c>toServices</c>.</summary>
internal sealed class ServiceReading(FaultLog faults)
{
    private const int MaxName = 63;
    private static readonly KeySchema Entry = new(["k8sService", "k8sServiceSelector"], []);
    private static readonly KeySchema ByName = new(["serviceName", "namespace"], []);
    private static readonly KeySchema BySelector = new(["selector", "namespace"], []);

    private readonly RequirementReading _labels = new(LabelSyntax.TryOfObject, faults);

    public IReadOnlyList<ServiceMatch> Read(ManifestNode list) => [.. list.AsItems(faults).Select(ReadEntry).OfType<ServiceMatch>()];

    private ServiceMatch? ReadEntry(ManifestNode node)
    {
        if (node.AsMapping(faults) is not { } entry)
            return null;

        Entry.Check(entry, faults);
        var byName = entry.Find("k8sService");
        var bySelector = entry.Find("k8sServiceSelector");
        if (byName is not null && bySelector is not null)
            faults.Add(entry, "a service is chosen by name or by labels, not by both", "write two entries");
        else if (byName?.AsMapping(faults) is { } service)
            return ReadName(service);
        else if (bySelector?.AsMapping(faults) is { } selector)
            return ReadSelector(selector);
        else if (byName is null && bySelector is null)
            faults.Warn(entry, "the entry chooses no service", "name one with k8sService or k8sServiceSelector");
        return null;
    }

    private ServiceMatch? ReadName(ManifestMapping service)
    {
        ByName.Check(service, faults);
        var space = ReadNamespace(service);
        if (service.Find("serviceName")?.AsText(faults) is { Length: > 0 } name)
            return new ServiceMatch(space, name, null);

        faults.Warn(service, "the entry chooses no service", "give its serviceName");
        return null;
    }

    private ServiceMatch? ReadSelector(ManifestMapping service)
    {
        BySelector.Check(service, faults);
        var space = ReadNamespace(service);
        if (service.Find("selector") is { } selector)
            return new ServiceMatch(space, null, new LabelSelector(_labels.Read(selector)));

        faults.Add(service, "the selector is missing", "write 'selector: {}' for every service");
        return null;
    }

    private string? ReadNamespace(ManifestMapping service)
    {
        var node = service.Find("namespace");
        var text = node?.AsText(faults);
        if (string.IsNullOrEmpty(text))
            faults.Warn(service, "no namespace is named: services of every namespace are chosen", "name the service's namespace");
        else if (!LabelSyntax.IsDnsName(text, MaxName, allowDots: false))
            faults.Add(node!, "not a namespace: at most 63 lower-case letters, digits and '-'");
        return string.IsNullOrEmpty(text) ? null : text;
    }
}
