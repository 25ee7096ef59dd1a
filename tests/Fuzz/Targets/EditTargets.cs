using System.Text;
using Proxy.Http;
using Proxy.Policy;
using Proxy.Policy.Matching;
using Proxy.Tests.Http;

namespace Fuzz.Targets;

/// <summary>The gate where heads do not go on as they came: header fields changed by policy, paths normalised.</summary>
internal static class EditTargets
{
    private static readonly RuleReference Reference = new("CiliumNetworkPolicy", "default", "p", "spec");
    private static readonly GateLimits Limits = HttpTargets.Limits with { NormalisesPaths = true, MaxHeaders = 10 };
    private static readonly HttpRuleSet Rules = RulesOf();

    public static FuzzTarget Edits { get; } = new("http-edits", CheckEdits)
    {
        Words =
        [
            .. HttpTargets.Words,
            .. FuzzTargets.Bytes("X-Role: admin\r\n", "x_role: policy\r\n", "X-Role:policy\r\n", "X-Drop: keep\r\n", "X_Drop: x\r\n", "X-Add: v\r\n", "X-Add:\r\n", "Connection: x-role\r\n", "/../", "%6f%6b", "/%2e"),
        ],
        Seeds = FuzzTargets.Bytes(
            "GET /x/../ok HTTP/1.1\r\nHost: a\r\nX-Role: admin\r\nX_Role: admin\r\n\r\nGET /%6fk HTTP/1.1\r\nHost: a\r\nX-Drop: x\r\nX-Add: w\r\n\r\n",
            "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /ok/./x HTTP/1.0\r\n\r\n",
            "POST http://a/./ok HTTP/1.1\r\nHost: a\r\nX-Role: policy\r\nX-Drop: keep\r\nX-Add: v\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /ok/.. HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /ok/ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\u0081\u0002hi"),
    };

    public static FuzzTarget Paths { get; } = new("paths", CheckPath)
    {
        MaxLength = 128,
        Words = FuzzTargets.Bytes("/", "//", ".", "..", "/../", "%2e", "%2E%2e", "%2f", "%5C", "%00", "%25", "%61", ";", "?", "\\", "%"),
        Seeds = FuzzTargets.Bytes("/a/b/../c", "/a/%2e%2e/%61?x=/../", "//a/./..//b;x/.", "/%252e/a%2fb", "/..;/a"),
    };

    private static void CheckEdits(byte[] input)
    {
        var whole = Surroundings.Same(input, stream => Client().Run(stream, Cuts.Nowhere(input.Length)).Summary());
        Oracle.Same(whole, Client().Run(input, Cuts.Somewhere(input)).Summary(), "the cuts matter");
        Oracle.Same(whole, Client().Run(input, Cuts.Everywhere(input.Length)).Summary(), "single bytes matter");

        var client = Client().Run(input, Cuts.Nowhere(input.Length));
        HttpTargets.CheckServersView(client);
        foreach (var request in SlowHttp.Read(client.JudgedBytes))
            CheckHeaders([.. request.Headers.Select(line => line.Replace('_', '-'))]);
    }

    private static HttpClientSide Client() => new(Limits, Rules);

    private static void CheckHeaders(string[] lines)
    {
        var fields = lines.Select(line => line.Split(':', 2)).ToLookup(field => field[0].ToLowerInvariant(), field => field[1].Trim(' ', '\t'));
        Oracle.Same("policy", string.Join('|', fields["x-role"]), "the server reads another role");
        Oracle.Holds(fields["x-drop"].All(value => value == "keep") && fields["x-drop"].Count() <= 1, "the server reads what was to be removed");
        Oracle.Holds(fields["x-add"].Contains("v"), "the server does not read what was added");
    }

    private static void CheckPath(byte[] input)
    {
        var fault = TargetForm.Read("GET"u8, input, new GateLimits { NormalisesPaths = true }, out var form);
        if (fault != GateFault.None || form.Authority.Length > 0)
            return;

        var normal = Normalise(form.PathAndQuery);
        Oracle.Holds(normal.Length <= input.Length, "a path becomes no longer");
        Oracle.Same(Encoding.Latin1.GetString(normal), Encoding.Latin1.GetString(Normalise(normal)), "a normal path is not normal");
        Oracle.Holds(form.IsAbnormal != normal.AsSpan().SequenceEqual(input), "a path that changes is told, and no other");
        Oracle.Same(SlowNormal(Encoding.Latin1.GetString(input)), Encoding.Latin1.GetString(normal), "another reader normalises otherwise");

        // What the strict form refuses of it can only be an escaped slash, which stays.
        var strict = TargetForm.Read("GET"u8, normal, GateLimits.Default, out _);
        var text = Encoding.Latin1.GetString(normal).Split('?')[0].ToUpperInvariant();
        Oracle.Holds(strict == GateFault.None || text.Contains("%2F", StringComparison.Ordinal) || text.Contains("%5C", StringComparison.Ordinal), "a normal path has a second reading");
    }

    private static byte[] Normalise(ReadOnlySpan<byte> target)
    {
        var normal = new byte[target.Length];
        return normal[..NormalPath.Write(target, normal)];
    }

    // RFC 3986 §6.2.2.2, then §5.2.4, as the book has them.
    private static string SlowNormal(string target)
    {
        if (target == "*")
            return target;

        var parts = target.Split('?', 2);
        var path = new StringBuilder();
        for (var i = 0; i < parts[0].Length; i++)
        {
            var decoded = parts[0][i] == '%' ? (char)Convert.ToInt32(parts[0].Substring(i + 1, 2), 16) : '%';
            var isPlain = char.IsAsciiLetterOrDigit(decoded) || decoded is '-' or '.' or '_' or '~';
            path.Append(isPlain ? decoded : parts[0][i]);
            i += isPlain ? 2 : 0;
        }

        var output = new List<string>();
        var segments = path.ToString()[1..].Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            var isLast = i == segments.Length - 1;
            if (segments[i] == ".." && output.Count > 0)
                output.RemoveAt(output.Count - 1);
            if (segments[i] is not ("." or ".."))
                output.Add(segments[i]);
            else if (isLast)
                output.Add("");
        }

        return "/" + string.Join('/', output) + (parts.Length > 1 ? "?" + parts[1] : "");
    }

    private static HttpRuleSet RulesOf()
    {
        Oracle.Holds(HttpPattern.TryCreate("/ok.*", out var path, out _), "the pattern is one");
        return new HttpRuleSet(
        [
            new HttpMatch(null, path, Reference)
            {
                Headers =
                [
                    new HeaderMatch("X-Role", "policy", null, HeaderActionKind.Replace),
                    new HeaderMatch("X-Drop", "keep", null, HeaderActionKind.Delete),
                    new HeaderMatch("X-Add", "v", null, HeaderActionKind.Add),
                ],
            },
        ]);
    }
}
