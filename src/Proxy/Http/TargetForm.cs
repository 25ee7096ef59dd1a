namespace Proxy.Http;

/// <summary>
/// The form of a request target. Policy and server must read the same path, so a target that any usual normalisation
/// would change is refused, or else normalised for both: the server gets the bytes that policy saw.
/// </summary>
internal readonly ref struct TargetForm
{
    /// <summary>Path with query, or <c>*</c>.</summary>
    public ReadOnlySpan<byte> PathAndQuery { get; private init; }

    /// <summary>The authority of an absolute target; empty for the other forms.</summary>
    public ReadOnlySpan<byte> Authority { get; private init; }

    /// <summary>The path is to be normalised before it is judged.</summary>
    public bool IsAbnormal { get; private init; }

    public static GateFault Read(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, GateLimits limits, out TargetForm form)
    {
        form = new TargetForm { PathAndQuery = target };
        if (target.SequenceEqual("*"u8))
            return method.SequenceEqual("OPTIONS"u8) ? GateFault.None : GateFault.BadTarget;
        if (!target.IsEmpty && target[0] == '/')
            return ReadPath(target, [], limits, out form);
        return ReadAbsolute(method, target, limits, out form);
    }

    private static GateFault ReadAbsolute(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, GateLimits limits, out TargetForm form)
    {
        form = default;
        var scheme = "http://"u8;
        if (target.Length <= scheme.Length || !System.Text.Ascii.EqualsIgnoreCase(target[..scheme.Length], scheme))
            return GateFault.BadTarget;

        var rest = target[scheme.Length..];
        var authorityEnd = rest.IndexOfAny("/?#\\"u8);
        var hasPath = authorityEnd >= 0;
        var authority = hasPath ? rest[..authorityEnd] : rest;
        // OPTIONS without a path asks about the whole server (RFC 9112 §3.2.4), anything else about "/": not for us to guess.
        if (!HostForm.IsValid(authority) || (!hasPath && method.SequenceEqual("OPTIONS"u8)))
            return GateFault.BadTarget;
        if (!hasPath)
            return ReadPath("/"u8, authority, limits, out form);
        return rest[authorityEnd] == '/' ? ReadPath(rest[authorityEnd..], authority, limits, out form) : GateFault.BadTarget;
    }

    private static GateFault ReadPath(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority, GateLimits limits, out TargetForm form)
    {
        var fault = CheckPath(target, limits, out var isAbnormal);
        form = new TargetForm { PathAndQuery = target, Authority = authority, IsAbnormal = isAbnormal };
        return fault;
    }

    private static GateFault CheckPath(ReadOnlySpan<byte> target, GateLimits limits, out bool isAbnormal)
    {
        isAbnormal = false;
        var question = target.IndexOf((byte)'?');
        var path = question < 0 ? target : target[..question];
        var query = question < 0 ? [] : target[question..];
        if (path.ContainsAnyExcept(HttpBytes.Path) || query.ContainsAnyExcept(HttpBytes.Query))
            return GateFault.BadTarget;

        var fault = limits.NormalisesPaths ? NormalPath.Check(path, out isAbnormal) : CheckUnchanged(path);
        return fault == GateFault.None && limits.RefusesRepeatedSlashes && path.IndexOf("//"u8) >= 0 ? GateFault.AmbiguousPath : fault;
    }

    private static GateFault CheckUnchanged(ReadOnlySpan<byte> path)
    {
        var fault = CheckEscapes(path);
        return fault == GateFault.None && HasDotSegment(path) ? GateFault.AmbiguousPath : fault;
    }

    private static GateFault CheckEscapes(ReadOnlySpan<byte> path)
    {
        for (var percent = path.IndexOf((byte)'%'); percent >= 0; percent = path.IndexOf((byte)'%'))
        {
            if (path.Length < percent + 3 || !TryHex(path[percent + 1], path[percent + 2], out var decoded))
                return GateFault.BadTarget;
            if (decoded is 0 or (byte)'/' or (byte)'\\' || HttpBytes.Unreserved.Contains(decoded))
                return GateFault.AmbiguousPath;
            path = path[(percent + 3)..];
        }

        return GateFault.None;
    }

    private static bool TryHex(byte high, byte low, out byte value)
    {
        value = 0;
        if (!char.IsAsciiHexDigit((char)high) || !char.IsAsciiHexDigit((char)low))
            return false;
        value = (byte)((HexDigit.Value(high) << 4) | HexDigit.Value(low));
        return true;
    }

    // "..;x" counts too: servlet containers drop the parameter first and climb afterwards.
    private static bool HasDotSegment(ReadOnlySpan<byte> path)
    {
        for (var slash = path.IndexOf("/."u8); slash >= 0; slash = path.IndexOf("/."u8))
        {
            path = path[(slash + 2)..];
            var rest = path.StartsWith("."u8) ? path[1..] : path;
            if (rest.IsEmpty || rest[0] is (byte)'/' or (byte)';')
                return true;
        }

        return false;
    }
}
