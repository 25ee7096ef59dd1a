namespace Proxy.Telemetry;

/// <summary>The URL of a request as the client meant it, without secrets in its authority.</summary>
internal static class FlowUrl
{
    private const string Redacted = "HUBBLE_REDACTED";

    /// <summary>Joins the Host header and the request target; an absolute target stands for itself (RFC 9112 §3.2).</summary>
    public static string Of(string host, string target)
    {
        if (target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('/'))
            return WithoutPassword(target);
        var slash = target.StartsWith('/') || target.Length == 0 ? "" : "/";
        return WithoutPassword($"http://{host}{slash}{target}");
    }

    private static string WithoutPassword(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var length = url.AsSpan(start).IndexOfAny('/', '?', '#');
        var authority = length < 0 ? url.AsSpan(start) : url.AsSpan(start, length);
        var at = authority.LastIndexOf('@');
        var colon = at < 0 ? -1 : authority[..at].IndexOf(':');
        return colon < 0 ? url : string.Concat(url.AsSpan(0, start + colon + 1), Redacted, url.AsSpan(start + at));
    }
}
