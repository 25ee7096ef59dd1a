using System.Diagnostics;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void A_missing_namespace_is_named_in_the_error()
    {
        var error = Assert.Throws<IOException>(() => NetworkNamespace.Open("node-proxy-is-not-there"));
        Assert.Contains("/run/netns/node-proxy-is-not-there", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("/proc/self/ns/mnt")]
    public void What_is_no_network_namespace_is_refused(string name) =>
        Assert.Throws<IOException>(() => NetworkNamespace.Open(name));

    [Fact]
    public void A_thread_enters_and_comes_back()
    {
        using var pods = new TestPods();
        using var home = NetworkNamespace.Current();
        using var pod = NetworkNamespace.Open(pods.Pod);
        Assert.NotEqual(home.Inode, pod.Inode);
        using (pod.Enter())
        using (var inside = NetworkNamespace.Current())
            Assert.Equal(pod.Inode, inside.Inode);
        using var after = NetworkNamespace.Current();
        Assert.Equal(home.Inode, after.Inode);
    }

    [Fact]
    public void A_process_started_inside_runs_inside()
    {
        using var pods = new TestPods();
        using var pod = NetworkNamespace.Open(pods.Pod);
        using var inside = pod.Enter();
        using var process = Process.Start(new ProcessStartInfo("readlink", "/proc/self/ns/net") { RedirectStandardOutput = true })!;
        Assert.Equal($"net:[{pod.Inode}]", process.StandardOutput.ReadToEnd().Trim());
        process.WaitForExit();
    }
}
