using Google.Protobuf.Collections;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Namespaces named apart from the pods and Services that they qualify.</summary>
internal sealed class NamespaceScope
{
    public List<string> Source { get; } = [];

    public List<string> Destination { get; } = [];

    public void ApplyTo(FlowFilter filter)
    {
        Apply(Source, filter.SourcePod, filter.SourceService);
        Apply(Destination, filter.DestinationPod, filter.DestinationService);
    }

    private static void Apply(List<string> namespaces, RepeatedField<string> pods, RepeatedField<string> services)
    {
        if (namespaces.Count == 0)
            return;
        if (pods.Count == 0 && services.Count == 0)
            pods.Add("");
        Qualify(namespaces, pods);
        Qualify(namespaces, services);
    }

    private static void Qualify(List<string> namespaces, RepeatedField<string> names)
    {
        var qualified = names.SelectMany(name => name.Contains('/') ? [name] : namespaces.Select(ns => $"{ns}/{name}")).ToArray();
        names.Clear();
        names.AddRange(qualified);
    }
}
