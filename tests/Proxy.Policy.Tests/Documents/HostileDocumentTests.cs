using System.Diagnostics;
using System.Globalization;
using System.Text;
using Proxy.Policy.Documents;

namespace Proxy.Policy.Tests.Documents;

/// <summary>
/// Documents made to cost. Memory is counted for the thread alone, and for half of a list as well as the whole one: what grows
/// faster than the document shows on any machine. Times are far above what a machine needs that does nothing else.
/// </summary>
public sealed class HostileDocumentTests
{
    private const string Head = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec:\n  endpointSelector: {}\n";
    private const long MostBytes = 1_000_000_000;

    // Twice is in proportion, four times is a square; lists that grow by doubling lie between.
    private const double MostForDouble = 3;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(4096)]
    public async Task A_directive_without_an_end_of_line_is_read_at_once(int length)
    {
        var content = Encoding.UTF8.GetBytes("%UNKNOWN ".PadRight(length, 'x'));
        var file = await Task.Run(() => ManifestReader.Read("a.yaml", content), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Empty(file.Documents);
    }

    [Theory]
    [InlineData("rules beyond the limit of values", 1_000_000, "  ingress:\n", "  - {}\n", true)]
    [InlineData("rules within it", 60_000, "  ingress:\n", "  - {fromEntities: [all]}\n", false)]
    [InlineData("unknown keys", 100_000, "", "  ingres#: x\n", true)]
    [InlineData("unknown keys of items", 50_000, "  ingress:\n", "  - {fromEndpoint: x}\n", true)]
    [InlineData("faulty ranges", 100_000, "  ingress:\n  - fromCIDR:\n", "    - 10.0.0.1\n", true)]
    [InlineData("values of one label", 300_000, "  ingress:\n  - fromEndpoints:\n    - matchExpressions:\n      - key: a\n        operator: In\n        values:\n", "        - v#\n", false)]
    [InlineData("labels of one selector", 100_000, "  ingress:\n  - fromEndpoints:\n    - matchLabels:\n", "        k#: v\n", false)]
    [InlineData("exceptions of one range", 100_000, "  ingress:\n  - fromCIDRSet:\n    - cidr: 0.0.0.0/0\n      except:\n", "      - 10.0.0.0/8\n", false)]
    [InlineData("ports of one entry", 60_000, "  ingress:\n  - toPorts:\n    - ports:\n", "      - {port: '#'}\n", true)]
    [InlineData("types of ICMP", 60_000, "  ingress:\n  - icmps:\n    - fields:\n", "      - {type: 8}\n", true)]
    [InlineData("expressions beyond the limit", 100_000, "  ingress:\n  - toPorts:\n    - ports: [{port: '80', protocol: TCP}]\n      rules:\n        http:\n", "        - {method: GET, path: '/a#/[0-9]+'}\n", true)]
    [InlineData("expressions within it", 1_000, "  ingress:\n  - toPorts:\n    - ports: [{port: '80', protocol: TCP}]\n      rules:\n        http:\n", "        - {method: GET, path: '/a#/[0-9]+'}\n", false)]
    [InlineData("literals", 20_000, "  ingress:\n  - toPorts:\n    - ports: [{port: '80', protocol: TCP}]\n      rules:\n        http:\n", "        - {method: GET|HEAD, path: /a/#}\n", false)]
    public void A_list_of_many_costs_in_proportion(string row, int count, string before, string each, bool isRefused)
    {
        var (_, _, half) = Measure(Document(count / 2, before, each));
        var (faults, time, bytes) = Measure(Document(count, before, each));

        Assert.Equal(isRefused, faults > 0);
        Assert.True(time < MostTime, $"{row}: {time}");
        Assert.True(bytes < MostBytes, $"{row}: {bytes}");
        Assert.True(bytes < half * MostForDouble, $"{row}: {half} for half of it, {bytes} for all");
    }

    [Fact]
    public void A_hundred_megabytes_are_refused_unread()
    {
        var content = new byte[100_000_000];
        content.AsSpan().Fill((byte)'x');
        var (faults, _, bytes) = Measure(content);

        Assert.Equal(1, faults);
        Assert.InRange(bytes, 0, 1_000_000);
    }

    [Theory]
    [InlineData("metadata: {name: #}")]
    [InlineData("metadata: {name: p, namespace: #}")]
    [InlineData("metadata: {name: p, annotations: {node-proxy.dev/audit: #}}")]
    [InlineData("spec: {#: {}}")]
    [InlineData("spec: {endpointSelector: {matchLabels: {#: x}}, ingress: [{}]}")]
    [InlineData("spec: {endpointSelector: {matchLabels: {a: #}}, ingress: [{}]}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{fromCIDR: [#]}]}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{fromEntities: [#]}]}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: #}]}]}]}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '1', protocol: #}]}]}]}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{icmps: [{fields: [{type: #}]}]}]}")]
    [InlineData("spec: {endpointSelector: {}, egress: [{toFQDNs: [{matchName: #}]}]}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{}], log: {value: #}}")]
    [InlineData("spec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '1', protocol: TCP}], rules: {http: [{path: #}]}}]}]}")]
    public void One_huge_value_anywhere_is_refused_in_a_line(string body)
    {
        var text = $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n{body.Replace("#", new string('x', 2_000_000), StringComparison.Ordinal)}\n";
        var document = PolicyParser.Parse(Assert.Single(ManifestReader.Read("f", Encoding.UTF8.GetBytes(text)).Documents));

        Assert.NotEmpty(document.Faults);
        Assert.All(document.Faults, fault => Assert.InRange(fault.ToString().Length, 10, 1000));
        Assert.All(document.Warnings, warning => Assert.InRange(warning.ToString().Length, 10, 1000));
    }

    [Fact]
    public void Many_documents_of_one_file_cost_in_proportion()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 20_000; i++)
            text.Append("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n");

        var (faults, time, bytes) = Measure(Encoding.UTF8.GetBytes(text.ToString()));
        Assert.Equal(0, faults);
        Assert.InRange(time, TimeSpan.Zero, MostTime);
        Assert.InRange(bytes, 0, MostBytes);
    }

    private static byte[] Document(int count, string before, string each)
    {
        var text = new StringBuilder(Head).Append(before);
        for (var i = 0; i < count; i++)
            text.Append(each.Replace("#", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        if (!before.Contains("ingress:", StringComparison.Ordinal))
            text.Append("  ingress: [{}]\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static (int Faults, TimeSpan Time, long Bytes) Measure(byte[] content)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        var file = ManifestReader.Read("f", content);
        PolicyDocument[] documents = [.. file.Documents.Select(PolicyParser.Parse)];
        clock.Stop();
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        return (file.Faults.Count + documents.Sum(document => document.Faults.Count), clock.Elapsed, bytes);
    }
}
