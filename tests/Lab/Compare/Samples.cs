using System.Globalization;

namespace Lab.Compare;

/// <summary>One figure of the report.</summary>
internal sealed record Row(string Metric, string Proxy, double Median, double Min, double Max);

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
           select new Row(key.Metric, key.Proxy, Round(Median(sorted)), Round(sorted[0]), Round(sorted[^1])),
    ];

    private static double Median(List<double> sorted) =>
        (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    private static double Round(double value) => Math.Round(value, 3);
}
