namespace Lab.Demo;

/// <summary>One line of the scenario's table: who asks for what under which policy, and what must come.</summary>
internal sealed record DemoStep(
    int Number, string Policy, string Client, string Method, string Path, string Expected, Func<CurlAnswer, bool> IsExpected)
{
    private const string Landing = "/v1/request-landing";
    private const string Port = "/v1/exhaust-port";
    private const string NoConnection = "no connection: curl exit code 28";

    public static IReadOnlyList<DemoStep> All { get; } =
    [
        new(1, "l3-l4.yaml", "tiefighter", "POST", Landing, "`Ship landed`", Landed),
        new(2, "l3-l4.yaml", "xwing", "POST", Landing, NoConnection, Silence),
        new(3, "l3-l4.yaml", "tiefighter", "PUT", Port, "the panic: L3/L4 alone does not protect", Panicked),
        new(4, "l7-mutual-auth.yaml", "tiefighter", "POST", Landing, "`Ship landed`, at the first attempt, over mTLS", Landed),
        new(5, "l7-mutual-auth.yaml", "tiefighter", "PUT", Port, "403, `Access denied`", Denied),
        new(6, "l7-mutual-auth.yaml", "xwing", "POST", Landing, NoConnection, Silence),
        new(7, "demo-clients.yaml, first document", "client1", "GET", "/", NoConnection, Silence),
        new(8, "demo-clients.yaml", "client1", "GET", "/", "passes", answer => answer.IsOk),
        new(9, "demo-clients.yaml", "client2", "GET", "/", "passes, authenticated", answer => answer.IsOk),
        new(10, "demo-clients.yaml, client2's registration withdrawn", "client2", "GET", "/", "refused", answer => answer.ExitCode != 0),
    ];

    public bool AsksDeathStar => Number <= 6;

    private static bool Landed(CurlAnswer answer) => answer.IsOk && answer.Body.StartsWith("Ship landed", StringComparison.Ordinal);

    private static bool Panicked(CurlAnswer answer) => answer.Body.StartsWith("Panic: deathstar exploded", StringComparison.Ordinal);

    private static bool Silence(CurlAnswer answer) => answer.ExitCode == CurlAnswer.TimedOut;

    private static bool Denied(CurlAnswer answer) =>
        answer is { ExitCode: 0, Status: 403 } && answer.Body.StartsWith("Access denied", StringComparison.Ordinal);
}
