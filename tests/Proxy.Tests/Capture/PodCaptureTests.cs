using Proxy.Tests.Stories;

namespace Proxy.Tests.Capture;

public sealed class PodCaptureTests : IDisposable
{
    private readonly Stage _stage = new();

    [Fact]
    public void A_pod_has_as_many_connections_as_its_cap_and_no_more()
    {
        var pod = _stage.Capture(Stage.Client());
        Assert.True(pod.TryEnter(2));
        Assert.True(pod.TryEnter(2));
        Assert.False(pod.TryEnter(2));
        Assert.Equal(2, pod.Connections);
        pod.Leave();
        Assert.True(pod.TryEnter(2));
    }

    [Fact]
    public void The_cap_holds_when_several_workers_count_at_once()
    {
        var pod = _stage.Capture(Stage.Client());
        var entered = 0;
        Parallel.For(0, 10_000, _ =>
        {
            if (pod.TryEnter(100))
                Interlocked.Increment(ref entered);
        });
        Assert.Equal(100, entered);
        Assert.Equal(100, pod.Connections);
    }

    public void Dispose() => _stage.Dispose();
}
