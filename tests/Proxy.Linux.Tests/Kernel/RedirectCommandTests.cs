using System.CommandLine;
using Proxy.Commands;

namespace Proxy.Linux.Tests.Kernel;

public sealed class RedirectCommandTests
{
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Rules_are_made_shown_and_removed_by_hand(string variant)
    {
        using var pods = new TestPods();
        Assert.Equal((1, "capture does not stand"), Run("show", pods.Pod, variant, error => error[..22]));
        Assert.Equal((0, ""), Run("apply", pods.Pod, variant));
        Assert.Equal((0, ""), Run("apply", $"/run/netns/{pods.Pod}", variant));
        Assert.Contains("NODE_PROXY", pods.InPod($"iptables-{variant}-save"), StringComparison.Ordinal);
        Assert.Equal((0, ""), Run("show", pods.Pod, variant));
        Assert.Equal((0, ""), Run("remove", pods.Pod, variant));
        Assert.DoesNotContain("NODE_PROXY", pods.InPod($"iptables-{variant}-save"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("apply")]
    [InlineData("show")]
    public void What_others_have_in_the_namespace_is_said(string verb)
    {
        using var pods = new TestPods();
        Assert.Equal((0, ""), Run("apply", pods.Pod, "auto"));
        pods.InPod("iptables-legacy -t mangle -A OUTPUT -p tcp --dport 25 -j DROP");
        var output = new StringWriter();
        Assert.Equal(0, Invoke([verb, pods.Pod], output, TextWriter.Null));
        Assert.Contains("iptables-legacy -t mangle OUTPUT: \"-p tcp -m tcp --dport 25 -j DROP\" may drop", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_prints_the_commands()
    {
        using var pods = new TestPods();
        var output = new StringWriter();
        Assert.Equal(0, Invoke(["apply", pods.Pod, "--dry-run", "--proxy-mark", "0x10", "--divert-mark", "32", "--mark-mask", "0xf0", "--inbound-port", "16006"], output, TextWriter.Null));
        Assert.Contains("--mark 0x10/0xf0", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("--on-port 16006", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("NODE_PROXY", pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "cannot open network namespace", "no-such-namespace")]
    [InlineData(2, "the proxy mark must be within the mask", "x", "--proxy-mark", "0x1")]
    public void What_cannot_be_done_has_an_exit_code_and_a_reason(int expected, string reason, params string[] arguments)
    {
        var errors = new StringWriter();
        Assert.Equal(expected, Invoke(["apply", .. arguments], TextWriter.Null, errors));
        Assert.Contains(reason, errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x", "--inbound-port", "70000")]
    [InlineData("x", "--mark-mask", "0xfffffffff")]
    [InlineData("x", "--probe-source-ipv4", "::1")]
    [InlineData("x", "--iptables", "nftables")]
    [InlineData()]
    public void What_cannot_be_understood_is_a_usage_error(params string[] arguments) =>
        Assert.NotEmpty(RedirectCommand.Create().Parse(["apply", .. arguments]).Errors);

    private static (int Code, string Error) Run(string verb, string target, string variant, Func<string, string>? shorten = null)
    {
        var errors = new StringWriter();
        var code = Invoke([verb, target, "--iptables", variant], TextWriter.Null, errors);
        return (code, shorten is null ? errors.ToString() : shorten(errors.ToString()));
    }

    private static int Invoke(string[] arguments, TextWriter output, TextWriter errors) =>
        RedirectCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = errors });
}
