namespace Proxy.Kernel;

/// <summary>Capture cannot be set up or taken down; the message says what is missing.</summary>
internal sealed class CaptureException(string message) : Exception(message);
