using static Proxy.Policy.Tests.Documents.Rendering;

namespace Proxy.Policy.Tests.Documents;

/// <summary>Which words are strings without quotes, as YAML's core schema and the readers of Kubernetes have it.</summary>
public sealed class ScalarTests
{
    [Theory]
    [InlineData("web")]
    [InlineData("infinity")]
    [InlineData("Infinity")]
    [InlineData("nan")]
    [InlineData("1.2.3")]
    [InlineData("1e")]
    [InlineData("e5")]
    [InlineData("0b12cd")]
    [InlineData("0b2")]
    [InlineData("0o89")]
    [InlineData("0xyz")]
    [InlineData("2026-01-01")]
    public void A_string(string value) => Good(Spec(value));

    [Theory]
    [InlineData("1")]
    [InlineData("1.5")]
    [InlineData("1e5")]
    [InlineData("1_000")]
    [InlineData("017")]
    [InlineData("0x1F")]
    [InlineData("0X1f")]
    [InlineData("0o17")]
    [InlineData("0b11")]
    [InlineData("-1")]
    [InlineData(".inf")]
    [InlineData("-.INF")]
    [InlineData(".NaN")]
    [InlineData("true")]
    [InlineData("No")]
    [InlineData("null")]
    [InlineData("~")]
    public void No_string(string value) =>
        Assert.Equal(("expected a string", "put the value in quotes"), (Bad(Spec(value)).Faults[0].Reason, Bad(Spec(value)).Faults[0].Hint));

    private static string Spec(string value) => $"{{endpointSelector: {{matchLabels: {{a: {value}}}}}, ingress: [{{}}]}}";
}
