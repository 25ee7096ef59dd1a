namespace Proxy.Kernel;

/// <summary>What was found in a namespace that is captured.</summary>
/// <param name="Own">The rules in chains of ours, as the tools print them.</param>
/// <param name="Faults">What is missing or wrong, one sentence each; empty: capture stands.</param>
internal sealed record CaptureLook(IReadOnlyList<string> Own, IReadOnlyList<string> Faults);
