namespace Proxy.Spiffe.Issuing;

/// <summary>The kept authority cannot be used; the message tells the operator what to do.</summary>
public sealed class AuthorityStoreException(string message) : Exception(message);
