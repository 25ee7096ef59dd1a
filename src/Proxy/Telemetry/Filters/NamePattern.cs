namespace Proxy.Telemetry.Filters;

/// <summary>"ns/prefix", "ns/", "/prefix" or "prefix" (namespace default), for pods and Services.</summary>
internal sealed record NamePattern(string? Namespace, string Prefix)
{
    public static NamePattern Parse(string text)
    {
        if (text.Length == 0)
            throw new FilterFault("empty name");
        var slash = text.IndexOf('/');
        if (slash < 0)
            return new NamePattern("default", text);
        return new NamePattern(slash == 0 ? null : text[..slash], text[(slash + 1)..]);
    }

    public bool Matches(string? @namespace, string? name)
    {
        if (string.IsNullOrEmpty(@namespace) && string.IsNullOrEmpty(name))
            return false;
        return (Namespace is null || Namespace == @namespace)
            && (name ?? "").StartsWith(Prefix, StringComparison.Ordinal);
    }
}
