namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>The lab runs what its variant says; otherwise the matrix would prove nothing.</summary>
public abstract class LabVariantTests(Mesh mesh)
{
    [Theory]
    [InlineData("iptables")]
    [InlineData("ip6tables")]
    public async Task The_capture_rules_are_those_of_the_variant(string family) =>
        Assert.Equal($"{family}-{mesh.Lab.Options.Iptables}", await mesh.Server.FindRulesToolAsync(family));

    [Fact]
    public async Task The_proxy_has_as_many_workers_as_the_variant()
    {
        var status = (await mesh.Lab.Nodes[0].RunAsync("curl", "-qsS", "--noproxy", "*", "http://127.0.0.1:15020/statusz")).Require().Output;

        Assert.Contains($"\"workers\": {mesh.Lab.Options.Workers}", status, StringComparison.Ordinal);
    }
}
