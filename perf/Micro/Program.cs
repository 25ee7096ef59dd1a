using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using Proxy.Micro;

if (args is ["memory"])
{
    MemoryReport.Print();
    MemoryReport.PrintProcessorTime();
    return 0;
}

// In this process, and in iterations that are shorter than a turn of the scheduler: the machine is shared, and the
// least of many is what the code costs.
var decisions = Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
    .WithIterationTime(TimeInterval.FromMilliseconds(4)).WithWarmupCount(60).WithIterationCount(60).WithGcForce(false);
var compilations = Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
    .WithStrategy(RunStrategy.Monitoring).WithWarmupCount(2).WithIterationCount(10);
var arguments = args.Length == 0 ? ["--filter", "*"] : args;
return Run(decisions, typeof(DecisionBenchmarks), typeof(RequestBenchmarks), typeof(HandshakeBenchmarks)) & Run(compilations, typeof(CompileBenchmarks)) ? 0 : 1;

bool Run(Job job, params Type[] types)
{
    var config = ManualConfig.CreateEmpty()
        .AddJob(job)
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics)
        .AddColumn(StatisticColumn.Min, StatisticColumn.Median, StatisticColumn.P95)
        .AddExporter(MarkdownExporter.GitHub)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .WithOptions(ConfigOptions.DisableLogFile)
        .WithArtifactsPath(Path.Combine("artifacts", "micro"));
    return BenchmarkSwitcher.FromTypes(types).Run(arguments, config)
        .All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success));
}
