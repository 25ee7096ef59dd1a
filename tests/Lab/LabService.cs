namespace Lab;

/// <summary>A Service with one address per family, out of the service range.</summary>
public sealed record LabService(string Name, string Namespace, ushort Port, int Number)
{
    public string IPv4 => $"10.96.0.{Number}";

    public string IPv6 => $"fd00:96::{Number}";

    public string Host => $"{Name}.{Namespace}.svc.cluster.local";
}
