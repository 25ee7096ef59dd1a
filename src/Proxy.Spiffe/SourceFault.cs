namespace Proxy.Spiffe;

/// <summary>Something that a source of identities cannot do just now. What it said before stays in force.</summary>
/// <param name="Subject">The UID of the workload that it concerns; empty for what all rest on.</param>
/// <param name="Text">One line for the operator.</param>
/// <param name="Since">When it began; another text for the same subject begins nothing new.</param>
public sealed record SourceFault(string Subject, string Text, DateTimeOffset Since);
