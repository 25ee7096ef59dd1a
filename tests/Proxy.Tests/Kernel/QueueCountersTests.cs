using Proxy.Kernel;

namespace Proxy.Tests.Kernel;

public sealed class QueueCountersTests
{
    [Fact]
    public void The_line_of_the_queue_is_read()
    {
        string[] lines = ["    7  11111     1 2   128     2     3      100  1", "15001  22222     4 2   128     5     6      200  1"];
        Assert.Equal(new QueueCounters(4, 5, 6), VerdictQueue.ParseCounters(lines, 15001));
        Assert.Null(VerdictQueue.ParseCounters(lines, 8));
        Assert.Null(VerdictQueue.ParseCounters(["15001 short"], 15001));
    }
}
