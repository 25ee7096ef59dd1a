using Proxy.Http;

namespace Proxy.Tests.Http;

/// <summary>Request heads that come slowly, or never whole.</summary>
public sealed class HeadTimeoutTests : GatedRelayStage
{
    private const string Part = "GET /a HTTP/1.1\r\nHost";
    private const string TimedOut = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

    private static readonly TimeSpan s_below = GateLimits.Default.HeadTimeout - TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_head_that_does_not_become_whole_is_answered_with_408_and_gives_its_buffer_back()
    {
        var rig = await ConnectAsync();
        await SendAsync(rig, Part);
        await PassAsync(s_below + TimeSpan.FromSeconds(2));
        Assert.Equal(TimedOut, rig.Client.ReceiveToEnd());
        rig.Server.ExpectEnd();
        Assert.Equal(GateFault.HeadTimedOut, rig.Gated.Fault);
        await LingerAsync();
        await rig.Relay;
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_head_that_becomes_whole_in_time_goes_on_and_the_next_has_a_time_of_its_own()
    {
        var rig = await ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            await SendAsync(rig, Part);
            await PassAsync(s_below);
            rig.Client.Send(": a\r\n\r\n");
            rig.Server.Expect(Get("/a"));
            rig.Server.Send(Ok);
            rig.Client.Expect(Ok);
        }

        Assert.Equal(GateFault.None, rig.Gated.Fault);
        await EndAsync(rig);
    }

    [Fact]
    public async Task Bytes_one_by_one_win_no_time()
    {
        var rig = await ConnectAsync();
        await SendAsync(rig, Part);
        await PassAsync(s_below);
        await SendAsync(rig, ":");
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(TimedOut, rig.Client.ReceiveToEnd());
        rig.Client.Send(" a\r\n\r\n");
        rig.Client.End();
        rig.Server.ExpectEnd();
        rig.Server.End();
        await rig.Relay;
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_quiet_connection_between_requests_has_no_limit()
    {
        var rig = await ConnectAsync();
        await PassAsync(TimeSpan.FromDays(1));
        Exchange(rig, "/a");
        await PassAsync(TimeSpan.FromDays(1));
        Exchange(rig, "/a");
        await EndAsync(rig);
    }

    private async Task SendAsync(Rig rig, string text)
    {
        rig.Client.Send(text);
        await SettleUntilAsync(() => _worker.Worker.Buffers.Rented == 1);
    }

    private async Task PassAsync(TimeSpan time)
    {
        await _worker.DoAsync(() => _time.Advance(time));
        await _worker.SettleAsync();
    }
}
