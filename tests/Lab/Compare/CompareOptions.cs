namespace Lab.Compare;

/// <summary>How much of the comparison is run, and of what.</summary>
internal sealed record CompareOptions
{
    /// <summary>The load that opens a connection for each exchange.</summary>
    public const string Handshaking = "connections";

    /// <summary>How often every load is run on every proxy, in turn.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>
    /// How often requests on 32 connections are measured in each round: the figure that proxies are judged by, on
    /// machines where one of 3 s may be off by a quarter. Once, if the rounds are said.
    /// </summary>
    public int LooksAtC32 { get; init; } = 3;

    /// <summary>How long a load is measured.</summary>
    public TimeSpan Span { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long each kind of load runs on node-proxy before anything is measured, until nothing more is compiled;
    /// requests are counted instead.
    /// </summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Requests before anything is measured.</summary>
    public int WarmUpRequests { get; init; } = 150_000;

    /// <summary>Requests go on until next to nothing is compiled any more.</summary>
    public bool AwaitsCompiler { get; init; } = true;

    /// <summary>Connections that stand idle for the memory figure.</summary>
    public int Standing { get; init; } = 1000;

    /// <summary>How often memory is measured, each time on processes just started.</summary>
    public int MemoryRounds { get; init; } = 3;

    /// <summary>Where the JSON goes; empty: nowhere.</summary>
    public string JsonPath { get; init; } = "";

    /// <summary>Names of the loads to run; empty: all.</summary>
    public IReadOnlyList<string> Loads { get; init; } = [];

    /// <summary>Names of the proxies to run; empty: all.</summary>
    public IReadOnlyList<string> Proxies { get; init; } = [];

    /// <summary>Further builds of node-proxy, by name, to compare with.</summary>
    public IReadOnlyList<(string Name, string Program)> Builds { get; init; } = [];

    public static CompareOptions Quick { get; } = new()
    {
        Rounds = 3,
        LooksAtC32 = 1,
        Span = TimeSpan.FromSeconds(1),
        WarmUp = TimeSpan.FromSeconds(15),
        WarmUpRequests = 50_000,
        AwaitsCompiler = false,
        Standing = 300,
        MemoryRounds = 1,
    };

    /// <summary>No tunnel rests and no TLS session is resumed: every new connection is a full handshake between the hops.</summary>
    public bool IsFresh { get; init; }

    /// <summary>The nodes of the packaged proxies track no connections; node-proxy's do, for the sake of probes.</summary>
    public bool HasBareNodes { get; init; }

    /// <summary>Prints every sample as it comes.</summary>
    public bool IsVerbose { get; init; }

    /// <summary>Null when the arguments make no sense.</summary>
    public static CompareOptions? Parse(IReadOnlyList<string> args)
    {
        CompareOptions? options = args.Contains("--quick") ? Quick : new();
        options = options with { IsVerbose = args.Contains("--verbose"), IsFresh = args.Contains("--fresh"), HasBareNodes = args.Contains("--bare-nodes") };
        var rest = args.Where(argument => argument is not ("--quick" or "--verbose" or "--fresh" or "--bare-nodes")).ToList();
        for (; rest.Count >= 2 && options is not null; rest.RemoveRange(0, 2))
        {
            options = rest[0] switch
            {
                "--json" => options with { JsonPath = Path.GetFullPath(rest[1]) },
                "--loads" => options with { Loads = rest[1].Split(',') },
                "--proxies" => options with { Proxies = rest[1].Split(',') },
                "--rounds" when int.TryParse(rest[1], out var rounds) && rounds > 0 => options with { Rounds = rounds, LooksAtC32 = 1 },
                "--seconds" when int.TryParse(rest[1], out var seconds) && seconds > 0 => options with { Span = TimeSpan.FromSeconds(seconds) },
                "--warm-up" when int.TryParse(rest[1], out var requests) && requests > 0 => options with { WarmUpRequests = requests },
                "--build" when rest[1].Split('=', 2) is [var name, var program] =>
                    options with { Builds = [.. options.Builds, (name, Path.GetFullPath(program))] },
                _ => null,
            };
        }

        // What keeps its connections has nothing to say of handshakes.
        var makesSense = options is null or { IsFresh: false } or { Loads: [] or [Handshaking] };
        return rest.Count == 0 && makesSense ? options : null;
    }

    public bool Runs(string load) => Loads.Count == 0 ? !IsFresh || load == Handshaking : Loads.Contains(load);

    public bool Includes(string proxy) => Proxies.Count == 0 || Proxies.Contains(proxy);
}
