namespace Proxy.Commands;

/// <summary>The command line says something that cannot be meant; exit code 2.</summary>
internal sealed class UsageFault(string message) : Exception(message);
