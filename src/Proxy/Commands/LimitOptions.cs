using System.CommandLine;

namespace Proxy.Commands;

/// <summary>The command-line options of every limit; docs/LIMITS.md says what happens at each.</summary>
internal sealed class LimitOptions
{
    private const int MostConnections = 1_000_000;
    private const int LongestMilliseconds = 600_000;
    private const int LongestSeconds = 30 * 24 * 3600;

    private static readonly ConnectionLimits Defaults = new();

    private readonly Option<int> _perWorkload = CommandOptions.Number(
        "--max-connections", "Captured connections of one workload at once.", Defaults.ConnectionsPerWorkload, 1, MostConnections);

    private readonly Option<int> _total = CommandOptions.Number(
        "--max-connections-total", "Captured connections of the process at once; fewer where the descriptors do not suffice.", Defaults.Connections, 1, MostConnections);

    private readonly Option<int> _reserved = CommandOptions.Number(
        "--reserved-descriptors", "Descriptors that connections leave to the control plane.", Defaults.ReservedDescriptors, ConnectionLimits.FewestReservedDescriptors, MostConnections);

    private readonly Option<int> _buffers = CommandOptions.Number(
        "--max-buffer-memory", "MiB of relay buffers in use at once; for more, of the workload that holds the most, the connection that stalls the longest is ended.", Defaults.BufferMemory, 1, 1024 * 1024);

    private readonly Option<int> _handshakes = CommandOptions.Number(
        "--max-handshakes", "New TLS handshakes of one client that may wait on one worker.", Defaults.HandshakesPerClient, 1, MostConnections);

    private readonly Option<int> _heldQuestions = CommandOptions.Number(
        "--max-held-questions", "First packets of one pod that are held for a manifest that may be under way.", Defaults.HeldQuestions, 0, 65_536);

    private readonly Option<int> _questionQueue = CommandOptions.Number(
        "--question-queue", "First packets of one pod that may wait in the kernel.", Defaults.QuestionQueue, 1, 65_536);

    private readonly Option<int> _restingTunnels = CommandOptions.Number(
        "--max-resting-tunnels", "Tunnels to other nodes that one worker keeps without a stream.", Defaults.Tunnels.Resting, 0, MostConnections);

    private readonly Option<int> _restingPerPair = CommandOptions.Number(
        "--max-resting-tunnels-per-pair", "The same, between one client pod and one server pod's port.", Defaults.Tunnels.RestingPerPair, 0, MostConnections);

    private readonly Option<int> _tunnelIdle = CommandOptions.Number(
        "--tunnel-idle-timeout", "Ends a tunnel that carried no stream for so long, in seconds.", (int)Defaults.Tunnels.Idle.TotalSeconds, 1, LongestSeconds);

    private readonly Option<int> _open = Milliseconds("--open-timeout", "Limit of the answer of the server's node to a stream in a tunnel", Defaults.Open, 1);

    private readonly Option<int> _connect = Milliseconds("--connect-timeout", "Limit of a connect to a server", Defaults.Connect, 1);

    private readonly Option<int> _handshake = Milliseconds("--handshake-timeout", "Limit of a TLS handshake", Defaults.Handshake, 1);

    private readonly Option<int> _hold = Milliseconds("--hold-timeout", "How long a connection waits for a manifest or SVID that may be under way", Defaults.Hold, 0);

    private readonly Option<int> _head = Seconds("--request-head-timeout", "From the first byte of a request's head to its last, where requests are judged", Defaults.Http.HeadTimeout);

    private readonly Option<int> _idle = Seconds("--idle-timeout", "Ends a connection on which no byte has moved for so long", Defaults.Relay.Idle);

    private readonly Option<int> _halfOpen = Seconds("--half-open-timeout", "Ends a connection of which one end has ended and the other was silent for so long", Defaults.Relay.HalfOpen);

    private readonly Option<int> _agePastExpiry = CommandOptions.Number(
        "--max-age-past-expiry", "Ends a live connection that was opened with an SVID, its own or the peer's, which expired so long ago, in seconds; 0: when it expires.",
        (int)Defaults.AgePastExpiry.TotalSeconds, 0, LongestSeconds);

    private readonly Option<int> _headBytes = CommandOptions.Number(
        "--max-request-head", "Bytes of a request's head, where requests are judged.", Defaults.Http.MaxHeadBytes, 64, ConnectionLimits.LargestHead);

    private readonly Option<int> _headers = CommandOptions.Number(
        "--max-request-headers", "Header lines of a request, where requests are judged.", Defaults.Http.MaxHeaders, 1, 10_000);

    private readonly Option<int> _target = CommandOptions.Number(
        "--max-request-target", "Bytes of a request's target, where requests are judged.", Defaults.Http.MaxTargetBytes, 1, ConnectionLimits.LargestHead);

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_perWorkload, _total, _reserved, _buffers, _handshakes, _heldQuestions, _questionQueue,
            _restingTunnels, _restingPerPair, _tunnelIdle, _open, _connect, _handshake, _hold, _head, _idle, _halfOpen, _agePastExpiry, _headBytes, _headers, _target])
            command.Add(option);
    }

    internal ConnectionLimits Read(ParseResult result) => new()
    {
        ConnectionsPerWorkload = result.GetValue(_perWorkload),
        Connections = result.GetValue(_total),
        ReservedDescriptors = result.GetValue(_reserved),
        BufferMemory = result.GetValue(_buffers),
        HandshakesPerClient = result.GetValue(_handshakes),
        HeldQuestions = result.GetValue(_heldQuestions),
        QuestionQueue = result.GetValue(_questionQueue),
        Tunnels = Defaults.Tunnels with
        {
            Idle = TimeSpan.FromSeconds(result.GetValue(_tunnelIdle)),
            RestingPerPair = result.GetValue(_restingPerPair),
            Resting = result.GetValue(_restingTunnels),
        },
        Open = TimeSpan.FromMilliseconds(result.GetValue(_open)),
        Connect = TimeSpan.FromMilliseconds(result.GetValue(_connect)),
        Handshake = TimeSpan.FromMilliseconds(result.GetValue(_handshake)),
        Hold = TimeSpan.FromMilliseconds(result.GetValue(_hold)),
        Relay = Defaults.Relay with { Idle = TimeSpan.FromSeconds(result.GetValue(_idle)), HalfOpen = TimeSpan.FromSeconds(result.GetValue(_halfOpen)) },
        AgePastExpiry = TimeSpan.FromSeconds(result.GetValue(_agePastExpiry)),
        Http = Defaults.Http with
        {
            HeadTimeout = TimeSpan.FromSeconds(result.GetValue(_head)),
            MaxHeadBytes = result.GetValue(_headBytes),
            MaxHeaders = result.GetValue(_headers),
            MaxTargetBytes = result.GetValue(_target),
        },
    };

    private static Option<int> Milliseconds(string name, string description, TimeSpan otherwise, int least) =>
        CommandOptions.Number(name, $"{description}, in milliseconds.", (int)otherwise.TotalMilliseconds, least, LongestMilliseconds);

    private static Option<int> Seconds(string name, string description, TimeSpan otherwise) =>
        CommandOptions.Number(name, $"{description}, in seconds; 0 for no limit.", (int)otherwise.TotalSeconds, 0, LongestSeconds);
}
