using System.Net;
using System.Net.Sockets;
using Lab;
using Lab.Faults;

namespace Proxy.Linux.Tests.Faults;

public sealed class DaemonHealthTests
{
    private static readonly ProcessUsage AtRest = new(100_000, TimeSpan.Zero, Descriptors: 200, Sockets: 40);

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(16, 4, true)]
    [InlineData(17, 0, false)]
    [InlineData(0, 5, false)]
    [InlineData(-50, 5, false)] // sockets leak behind descriptors that the runtime has given back
    public void A_daemon_is_at_rest_with_what_it_held_before(int descriptors, int sockets, bool isAtRest) => Assert.Equal(
        isAtRest,
        DaemonHealth.IsWithin(AtRest with { Descriptors = 200 + descriptors, Sockets = 40 + sockets }, AtRest));

    [Fact]
    public void The_sockets_of_a_process_are_counted()
    {
        var before = ProcessUsage.Of(Environment.ProcessId).Sockets;
        var sockets = Enumerable.Range(0, 50).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        sockets.ForEach(socket => socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)));

        Assert.InRange(ProcessUsage.Of(Environment.ProcessId).Sockets, before + 25, before + 75);
        sockets.ForEach(socket => socket.Dispose());
    }
}
