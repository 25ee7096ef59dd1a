namespace Lab.Compare;

/// <summary>Runs every load on every proxy in turn, so that what the machine does meanwhile meets all of them.</summary>
internal sealed class Rounds(CompareOptions options, IReadOnlyList<Hops> all, Samples samples)
{
    private const int Width = 32;

    private IReadOnlyList<(string Name, Func<Hops, Task> Warm, Func<Hops, Task> Measure)> Loads =>
    [
        ("c32", hops => KeepAliveRun.WarmAsync(hops, WarmUpRequests(hops), Width), hops => KeepAliveAsync(hops, Width)),
        ("c256", _ => Task.CompletedTask, hops => KeepAliveAsync(hops, 256)),
        ("c1", _ => Task.CompletedTask, hops => KeepAliveAsync(hops, 1)),
        (CompareOptions.Handshaking, hops => LoadRun.ConnectionsAsync(hops, WarmUp(hops), Width), ConnectionsAsync),
        ("http-connections", hops => LoadRun.HttpConnectionsAsync(hops, WarmUp(hops) / 2, Width), HttpConnectionsAsync),
        ("bulk", hops => LoadRun.UploadAsync(hops, WarmUp(hops) / 4), BulkAsync),
    ];

    // Only node-proxy is compiled while it runs.
    private int WarmUpRequests(Hops hops) => hops is PeerHops ? options.WarmUpRequests / 10 : options.WarmUpRequests;

    private TimeSpan WarmUp(Hops hops) => hops is PeerHops ? options.WarmUp / 10 : options.WarmUp;

    public async Task RunAsync()
    {
        for (var round = 0; round < options.MemoryRounds && options.Runs("memory"); round++)
        {
            await ForAllAsync("memory", MemoryAsync);
        }

        var loads = Loads.Where(load => options.Runs(load.Name)).ToList();
        foreach (var load in loads)
        {
            await ForAllAsync($"{load.Name}, not counted", load.Warm);
        }

        if (options.AwaitsCompiler && options.Runs("c32"))
        {
            await ForAllAsync("compiled", hops => KeepAliveRun.WarmUntilCompiledAsync(hops, Width));
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var load in loads)
            {
                var looks = load.Name == "c32" ? options.LooksAtC32 : 1;
                for (var look = 0; look < looks; look++)
                {
                    await ForAllAsync($"round {round}, {load.Name}", load.Measure, ((round - 1) * looks) + look);
                }
            }
        }
    }

    // There and back, then from the next one on: neither what ran before nor who runs behind whom must matter.
    private async Task ForAllAsync(string what, Func<Hops, Task> run, int round = 0)
    {
        Console.WriteLine(what);
        for (var turn = 0; turn < all.Count; turn++)
        {
            var place = round % 2 == 0 ? turn : all.Count - 1 - turn;
            await run(all[((round / 2) + place) % all.Count]);
        }
    }

    private async Task MemoryAsync(Hops hops)
    {
        await hops.RestartAsync();
        samples.Add("memory_at_start_mib", hops, hops.ResidentKiB() / 1024);
        // What the first connections need, code for example, is not the price of each.
        await LoadRun.ConnectionsAsync(hops, options.Span, Width);
        samples.Add("memory_per_idle_connection_kib", hops, await LoadRun.StandingAsync(hops, options.Standing));
    }

    private async Task KeepAliveAsync(Hops hops, int width)
    {
        var figures = await KeepAliveRun.RunAsync(hops, options.Span, width);
        samples.Add($"cpu_us_per_request_c{width}", hops, figures.Load.CpuMicrosecondsPerUnit);
        samples.Add($"quiet_cpu_us_per_request_c{width}", hops, figures.QuietCpuMicroseconds);
        samples.Add($"machine_cpu_us_per_request_c{width}", hops, figures.MachineCpuMicroseconds);
        samples.Add($"requests_per_second_c{width}", hops, figures.Load.PerSecond);
        samples.Add($"latency_p50_ms_c{width}", hops, figures.P50Milliseconds);
        samples.Add($"latency_p99_ms_c{width}", hops, figures.P99Milliseconds);
    }

    private async Task ConnectionsAsync(Hops hops)
    {
        var figures = await LoadRun.ConnectionsAsync(hops, options.Span, Width);
        var kind = options.IsFresh ? "fresh" : "new";
        samples.Add($"cpu_us_per_{kind}_connection", hops, figures.CpuMicrosecondsPerUnit);
        samples.Add($"{kind}_connections_per_second", hops, figures.PerSecond);
    }

    private async Task HttpConnectionsAsync(Hops hops)
    {
        var figures = await LoadRun.HttpConnectionsAsync(hops, options.Span, Width);
        samples.Add("cpu_us_per_http_connection", hops, figures.CpuMicrosecondsPerUnit);
        samples.Add("http_connections_per_second", hops, figures.PerSecond);
    }

    private async Task BulkAsync(Hops hops)
    {
        Add("up", await LoadRun.UploadAsync(hops, options.Span));
        Add("down", await LoadRun.DownloadAsync(hops, options.Span));

        void Add(string direction, LoadFigures figures)
        {
            samples.Add($"cpu_ns_per_kib_{direction}", hops, figures.CpuMicrosecondsPerUnit * 1000 * 1024);
            samples.Add($"mib_per_second_{direction}", hops, figures.PerSecond / (1 << 20));
        }
    }
}
