using System.CommandLine;

namespace Proxy.Commands;

/// <summary>The command-line options of every limit; docs/LIMITS.md says what happens at each.</summary>
internal sealed class LimitOptions
{
    private const int MostConnections = 1_000_000;
    private const int LongestMilliseconds = 600_000;
    private const int LongestSeconds = 30 * 24 * 3600;

    private static readonly ConnectionLimits Defaults = new();

    private readonly Option<int> perWorkload = CommandOptions.Number(
        "--max-connections", "Captured connections of one workload at once.", Defaults.ConnectionsPerWorkload, 1, MostConnections);

    private readonly Option<int> total = CommandOptions.Number(
        "--max-connections-total", "Captured connections of the process at once; fewer where the descriptors do not suffice.", Defaults.Connections, 1, MostConnections);

    private readonly Option<int> reserved = CommandOptions.Number(
        "--reserved-descriptors", "Descriptors that connections leave to the control plane.", Defaults.ReservedDescriptors, ConnectionLimits.FewestReservedDescriptors, MostConnections);

    private readonly Option<int> buffers = CommandOptions.Number(
        "--max-buffer-memory", "MiB of relay buffers in use at once; for more, of the workload that holds the most, the connection that stalls the longest is ended.", Defaults.BufferMemory, 1, 1024 * 1024);

    private readonly Option<int> handshakes = CommandOptions.Number(
        "--max-handshakes", "New TLS handshakes of one client that may wait for their turn on one worker.", Defaults.HandshakesPerClient, 1, MostConnections);

    private readonly Option<int> heldQuestions = CommandOptions.Number(
        "--max-held-questions", "First packets of one pod that are held for a manifest that may be under way.", Defaults.HeldQuestions, 0, 65_536);

    private readonly Option<int> questionQueue = CommandOptions.Number(
        "--question-queue", "First packets of one pod that may wait in the kernel.", Defaults.QuestionQueue, 1, 65_536);

    private readonly Option<int> restingTunnels = CommandOptions.Number(
        "--max-resting-tunnels", "Tunnels to other nodes that one worker keeps without a stream.", Defaults.Tunnels.Resting, 0, MostConnections);

    private readonly Option<int> restingPerPair = CommandOptions.Number(
        "--max-resting-tunnels-per-pair", "The same, between one client pod and one server pod's port.", Defaults.Tunnels.RestingPerPair, 0, MostConnections);

    private readonly Option<int> tunnelIdle = CommandOptions.Number(
        "--tunnel-idle-timeout", "Ends a tunnel that carried no stream for so long, in seconds.", (int)Defaults.Tunnels.Idle.TotalSeconds, 1, LongestSeconds);

    private readonly Option<int> open = Milliseconds("--open-timeout", "Limit of the answer of the server's node to a stream in a tunnel", Defaults.Open, 1);

    private readonly Option<int> connect = Milliseconds("--connect-timeout", "Limit of a connect to a server", Defaults.Connect, 1);

    private readonly Option<int> handshake = Milliseconds("--handshake-timeout", "Limit of a TLS handshake", Defaults.Handshake, 1);

    private readonly Option<int> hold = Milliseconds("--hold-timeout", "How long a connection waits for a manifest or SVID that may be under way", Defaults.Hold, 0);

    private readonly Option<int> head = Seconds("--request-head-timeout", "From the first byte of a request's head to its last, where requests are judged", Defaults.Http.HeadTimeout);

    private readonly Option<int> idle = Seconds("--idle-timeout", "Ends a connection on which no byte has moved for so long", Defaults.Relay.Idle);

    private readonly Option<int> halfOpen = Seconds("--half-open-timeout", "Ends a connection of which one end has ended and the other was silent for so long", Defaults.Relay.HalfOpen);

    private readonly Option<int> headBytes = CommandOptions.Number(
        "--max-request-head", "Bytes of a request's head, where requests are judged.", Defaults.Http.MaxHeadBytes, 64, ConnectionLimits.LargestHead);

    private readonly Option<int> headers = CommandOptions.Number(
        "--max-request-headers", "Header lines of a request, where requests are judged.", Defaults.Http.MaxHeaders, 1, 10_000);

    private readonly Option<int> target = CommandOptions.Number(
        "--max-request-target", "Bytes of a request's target, where requests are judged.", Defaults.Http.MaxTargetBytes, 1, ConnectionLimits.LargestHead);

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[perWorkload, total, reserved, buffers, handshakes, heldQuestions, questionQueue,
            restingTunnels, restingPerPair, tunnelIdle, open, connect, handshake, hold, head, idle, halfOpen, headBytes, headers, target])
            command.Add(option);
    }

    internal ConnectionLimits Read(ParseResult result) => new()
    {
        ConnectionsPerWorkload = result.GetValue(perWorkload),
        Connections = result.GetValue(total),
        ReservedDescriptors = result.GetValue(reserved),
        BufferMemory = result.GetValue(buffers),
        HandshakesPerClient = result.GetValue(handshakes),
        HeldQuestions = result.GetValue(heldQuestions),
        QuestionQueue = result.GetValue(questionQueue),
        Tunnels = Defaults.Tunnels with
        {
            Idle = TimeSpan.FromSeconds(result.GetValue(tunnelIdle)),
            RestingPerPair = result.GetValue(restingPerPair),
            Resting = result.GetValue(restingTunnels),
        },
        Open = TimeSpan.FromMilliseconds(result.GetValue(open)),
        Connect = TimeSpan.FromMilliseconds(result.GetValue(connect)),
        Handshake = TimeSpan.FromMilliseconds(result.GetValue(handshake)),
        Hold = TimeSpan.FromMilliseconds(result.GetValue(hold)),
        Relay = Defaults.Relay with { Idle = TimeSpan.FromSeconds(result.GetValue(idle)), HalfOpen = TimeSpan.FromSeconds(result.GetValue(halfOpen)) },
        Http = Defaults.Http with
        {
            HeadTimeout = TimeSpan.FromSeconds(result.GetValue(head)),
            MaxHeadBytes = result.GetValue(headBytes),
            MaxHeaders = result.GetValue(headers),
            MaxTargetBytes = result.GetValue(target),
        },
    };

    private static Option<int> Milliseconds(string name, string description, TimeSpan otherwise, int least) =>
        CommandOptions.Number(name, $"{description}, in milliseconds.", (int)otherwise.TotalMilliseconds, least, LongestMilliseconds);

    private static Option<int> Seconds(string name, string description, TimeSpan otherwise) =>
        CommandOptions.Number(name, $"{description}, in seconds; 0 for no limit.", (int)otherwise.TotalSeconds, 0, LongestSeconds);
}
