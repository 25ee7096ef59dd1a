using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>A pod and, at the other end of its wire, the rest of the world, each a network namespace.</summary>
internal sealed class TestPods : IDisposable
{
    public static readonly IPAddress PodIPv4 = IPAddress.Parse("10.99.0.2");
    public static readonly IPAddress PodIPv6 = IPAddress.Parse("fd99::2");
    public static readonly IPAddress FarIPv4 = IPAddress.Parse("10.99.0.1");
    public static readonly IPAddress FarIPv6 = IPAddress.Parse("fd99::1");

    private static int made;

    public TestPods()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("network namespaces need root");

        // The process id keeps two runs apart, and a run from what a killed one left behind.
        var name = $"npk-{Environment.ProcessId}-{Interlocked.Increment(ref made)}";
        (Pod, Far) = ($"{name}-pod", $"{name}-far");
        Host($"ip netns add {Pod}");
        Host($"ip netns add {Far}");
        Host($"ip -n {Pod} link add eth0 type veth peer name eth0 netns {Far}");
        SetUp(Pod, PodIPv4, PodIPv6, FarIPv4, FarIPv6);
        SetUp(Far, FarIPv4, FarIPv6, null, null);
        InFar("iptables -t raw -A PREROUTING -p tcp -m comment --comment wire");
        InFar("ip6tables -t raw -A PREROUTING -p tcp -m comment --comment wire");
        (PodNamespace, FarNamespace) = (NetworkNamespace.Open(Pod), NetworkNamespace.Open(Far));
    }

    public string Pod { get; }

    public string Far { get; }

    public NetworkNamespace PodNamespace { get; }

    public NetworkNamespace FarNamespace { get; }

    public static IPAddress FarAddress(bool ipv4) => ipv4 ? FarIPv4 : FarIPv6;

    public static IPAddress PodAddress(bool ipv4) => ipv4 ? PodIPv4 : PodIPv6;

    public string InPod(string command) => Host($"ip netns exec {Pod} {command}");

    public string InFar(string command) => Host($"ip netns exec {Far} {command}");

    /// <summary>How many TCP packets of the pod have been on the wire.</summary>
    public long PacketsFromPod(bool ipv4)
    {
        var line = InFar($"{(ipv4 ? "iptables" : "ip6tables")}-save -c -t raw").Split('\n').First(text => text.Contains("wire", StringComparison.Ordinal));
        return long.Parse(line[1..line.IndexOf(':', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
    }

    /// <summary>A socket that belongs to the namespace whichever thread uses it later.</summary>
    public static Socket NewSocket(NetworkNamespace place, bool ipv4)
    {
        using var inside = place.Enter();
        return new Socket(ipv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
    }

    public void Dispose()
    {
        PodNamespace.Dispose();
        FarNamespace.Dispose();
        Host($"ip netns del {Pod}");
        Host($"ip netns del {Far}");
    }

    private static void SetUp(string name, IPAddress ipv4, IPAddress ipv6, IPAddress? gateway4, IPAddress? gateway6)
    {
        Host($"ip -n {name} link set lo up");
        Host($"ip -n {name} link set eth0 up");
        Host($"ip -n {name} addr add {ipv4}/24 dev eth0");
        Host($"ip -n {name} addr add {ipv6}/64 dev eth0 nodad");
        if (gateway4 is null)
            return;
        Host($"ip -n {name} route add default via {gateway4}");
        Host($"ip -n {name} -6 route add default via {gateway6}");
    }

    public static string Host(string command)
    {
        var words = command.Split(' ');
        using var process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command}: {error.Result}");
        return output;
    }
}
