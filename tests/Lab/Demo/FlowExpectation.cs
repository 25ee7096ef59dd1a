using System.Text.RegularExpressions;

namespace Lab.Demo;

/// <summary>A flow that `node-proxy observe` must have printed for the scenario, or must not.</summary>
internal sealed record FlowExpectation(string Text, Regex Line, bool MustAppear = true)
{
    private const string DeathStar = @"default/deathstar-\S+:80 \(ID:\d+\)";

    public static IReadOnlyList<FlowExpectation> All { get; } =
    [
        Of("xwing refused at L3", "xwing", "<>", DeathStar, @"policy-verdict:none (IN|E)GRESS DENIED \(TCP Flags: SYN\)"),
        Of("xwing's packet dropped", "xwing", "<>", DeathStar, @"Policy denied DROPPED \(TCP Flags: SYN\)"),
        Of("tiefighter allowed and authenticated", "tiefighter", "->", DeathStar,
            @"policy-verdict:L3-L4 INGRESS ALLOWED \(TCP Flags: SYN; Auth: SPIRE\)"),
        Of("the landing request passed", "tiefighter", "->", DeathStar,
            @"http-request FORWARDED \(HTTP/1\.1 POST http://\S+/v1/request-landing\)"),
        Of("the request for the exhaust port refused", "tiefighter", "->", DeathStar,
            @"http-request DROPPED \(HTTP/1\.1 PUT http://\S+/v1/exhaust-port\)"),
        Of("the withdrawn client2 refused", "client2", "(<>|->)", @"default/demodeployment:80 \(ID:\d+\)",
            @"Authentication required DROPPED \([^)]+; Reason: [^)]+\)"),
        Of("tiefighter never refused for want of a handshake", "tiefighter", "(<>|->)", DeathStar, "DENIED .*Auth") with { MustAppear = false },
    ];

    public bool IsMet(IEnumerable<string> lines) => lines.Any(Line.IsMatch) == MustAppear;

    private static FlowExpectation Of(string text, string pod, string arrow, string server, string rest) =>
        new(text, new($@"default/{pod}:\d+ \(ID:\d+\) {arrow} {server} {rest}"));
}
