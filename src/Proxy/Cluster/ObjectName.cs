namespace Proxy.Cluster;

/// <summary>What Kubernetes accepts as the name of an object.</summary>
internal static class ObjectName
{
    private const int Longest = 253;

    /// <summary>A DNS subdomain (RFC 1123), which also makes it a valid segment of a SPIFFE ID.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= Longest
        && IsAlphanumeric(name[0])
        && IsAlphanumeric(name[^1])
        && name.All(c => IsAlphanumeric(c) || c is '-' or '.')
        && !name.Contains("..", StringComparison.Ordinal);

    private static bool IsAlphanumeric(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9');
}
