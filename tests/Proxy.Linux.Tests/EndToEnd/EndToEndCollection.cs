namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Scenarios over whole nodes run one after another: each measures time, and wants the machine for itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "end to end";
}
