namespace Lab.Compare;

/// <summary>`lab compare`: both hops of node-proxy beside those of HAProxy and nginx, in turn, in one run.</summary>
internal static class CompareCommand
{
    private const string Usage = """
        lab compare [--quick] [--fresh] [--verbose] [--json FILE] [--rounds N] [--seconds N] [--warm-up REQUESTS]
                    [--bare-nodes] [--loads NAME,…] [--proxies NAME,…] [--build NAME=PROGRAM]…
          loads: memory, c32, c256, c1, connections, http-connections, bulk
          --bare-nodes: the nodes of the packaged proxies masquerade nothing and so track no connections, as no cluster's nodes do
          --fresh: no tunnel rests and no TLS session is resumed, so that each new connection is a full handshake; connections only
          proxies: node-proxy, haproxy, haproxy-captured, nginx, and the names given with --build
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        if (CompareOptions.Parse(args) is not { } options)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var (started, stolen) = (TimeProvider.System.GetTimestamp(), Processors.Stolen());
        await using var scene = await Scene.CreateAsync(options);
        foreach (var hops in scene.Hops)
        {
            await PathProof.RequireAsync(hops);
            if (options.IsFresh)
            {
                await PathProof.RequireFullHandshakesAsync(hops);
            }

            Console.WriteLine($"{hops}: allowed 200, forbidden 403, mutual TLS between the hops; {Scene.Common}");
        }

        var samples = new Samples(options.IsVerbose);
        var rounds = new Rounds(options, scene.Hops, samples);
        await rounds.RunAsync();
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        var report = new Report
        {
            Commit = Versions.Commit,
            Date = TimeProvider.System.GetUtcNow(),
            Machine = Versions.Machine,
            Versions = VersionsOf(scene.Hops),
            Common = CommonOf(options),
            Rounds = options.Rounds,
            SpanSeconds = options.Span.TotalSeconds,
            StolenShare = Math.Round((Processors.Stolen() - stolen) / elapsed / Environment.ProcessorCount, 4),
            Rows = samples.Rows(),
            Ratios = samples.Ratios(),
        };
        report.Print(Console.Out);
        if (options.JsonPath.Length > 0)
        {
            report.Write(options.JsonPath);
        }

        return 0;
    }

    private static string CommonOf(CompareOptions options) =>
        Scene.Common + (options.IsFresh ? ", a full handshake for each connection" : "") + (options.HasBareNodes ? ", bare nodes" : "");

    private static Dictionary<string, string> VersionsOf(IReadOnlyList<Hops> hops)
    {
        var versions = hops.ToDictionary(one => one.Name, one => one.Version);
        versions["openssl"] = Versions.OpenSsl;
        versions["h2load"] = Versions.H2Load;
        versions["dotnet"] = Environment.Version.ToString();
        return versions;
    }
}
