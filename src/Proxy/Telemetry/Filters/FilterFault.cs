namespace Proxy.Telemetry.Filters;

/// <summary>A filter that cannot be carried out; the caller is told, because ignoring it would show the wrong flows.</summary>
internal sealed class FilterFault(string message) : Exception(message);
