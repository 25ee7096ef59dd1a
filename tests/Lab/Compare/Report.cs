using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lab.Compare;

/// <summary>The comparison for people, and for the tools that judge it.</summary>
internal sealed record Report
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required string Commit { get; init; }

    public required DateTimeOffset Date { get; init; }

    public required string Machine { get; init; }

    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What all proxies have in common.</summary>
    public required string Common { get; init; }

    public required int Rounds { get; init; }

    public required double SpanSeconds { get; init; }

    /// <summary>Share of all processors' time that the hypervisor gave to others.</summary>
    public required double StolenShare { get; init; }

    public required IReadOnlyList<Row> Rows { get; init; }

    public required IReadOnlyList<Ratio> Ratios { get; init; }

    public void Write(string path) => LabDirectory.Replace(path, JsonSerializer.Serialize(this, Format) + "\n");

    public void Print(TextWriter output)
    {
        var proxies = Rows.Select(row => row.Proxy).Distinct().ToList();
        output.WriteLine($"\n{"",-34}{string.Concat(proxies.Select(proxy => $"{proxy,30}"))}");
        foreach (var metric in Rows.GroupBy(row => row.Metric))
        {
            output.WriteLine($"{metric.Key,-34}{string.Concat(proxies.Select(proxy => $"{CellOf(metric, proxy),30}"))}");
        }

        if (Ratios.Count > 0)
        {
            output.WriteLine("\nround by round, of the same metric");
        }

        foreach (var metric in Ratios.GroupBy(ratio => ratio.Metric))
        {
            output.WriteLine($"{metric.Key,-34}{string.Concat(metric.Select(ratio => $"  {ratio.Proxy}/{ratio.Of} {Text(ratio.Median)} ({Text(ratio.Min)} to {Text(ratio.Max)})"))}");
        }

        output.WriteLine($"\nmedian (least to most) of {Rounds} rounds of {SpanSeconds} s{MoreSamples}; {Common}");
        output.WriteLine($"commit {Commit}, {Machine}, stolen {StolenShare:P1}; {string.Join(", ", Versions.Select(v => $"{v.Key} {v.Value}"))}");
    }

    private string MoreSamples => Rows.FirstOrDefault(row => row.Samples > Rounds) is { } row ? $", {row.Samples} samples of {row.Metric.Split('_')[^1]}" : "";

    private static string CellOf(IEnumerable<Row> rows, string proxy) =>
        rows.FirstOrDefault(row => row.Proxy == proxy) is { } row ? $"{Text(row.Median)} ({Text(row.Min)} to {Text(row.Max)})" : "";

    private static string Text(double value) => value.ToString(value >= 1000 ? "N0" : value >= 100 ? "F0" : value >= 10 ? "F1" : "F2", CultureInfo.InvariantCulture);
}
