using System.Globalization;

namespace Lab.Compare;

/// <summary>One figure of the report.</summary>
internal sealed record Row(string Metric, string Proxy, double Median, double Min, double Max, int Samples);

/// <summary>A proxy's figure over another's of the same round; what the machine did at the time is in both.</summary>
internal sealed record Ratio(string Metric, string Proxy, string Of, double Median, double Min, double Max);

/// <summary>All samples, by metric and proxy, in the order in which they first came.</summary>
internal sealed class Samples(bool isVerbose)
{
    private readonly List<(string Metric, string Proxy)> order = [];
    private readonly Dictionary<(string Metric, string Proxy), List<double>> samples = [];

    public void Add(string metric, Hops hops, double value)
    {
        if (!samples.TryGetValue((metric, hops.Name), out var list))
        {
            order.Add((metric, hops.Name));
            samples[(metric, hops.Name)] = list = [];
        }

        list.Add(value);
        if (isVerbose)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {metric} {hops} {Round(value)}"));
        }
    }

    public IReadOnlyList<Row> Rows() =>
    [
        .. from key in order.GroupBy(key => key.Metric).SelectMany(same => same)
           let sorted = samples[key].Order().ToList()
           select new Row(key.Metric, key.Proxy, Round(Median(sorted)), Round(sorted[0]), Round(sorted[^1]), sorted.Count),
    ];

    /// <summary>The first proxy's figures over each other's.</summary>
    public IReadOnlyList<Ratio> Ratios() =>
    [
        .. from metric in order.GroupBy(key => key.Metric)
           let first = metric.First()
           from other in metric.Skip(1)
           let sorted = samples[first].Zip(samples[other], (mine, its) => mine / its).Order().ToList()
           select new Ratio(metric.Key, first.Proxy, other.Proxy, Round(Median(sorted)), Round(sorted[0]), Round(sorted[^1])),
    ];

    private static double Median(List<double> sorted) =>
        (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    private static double Round(double value) => Math.Round(value, 3);
}
