using System.Text;
using Proxy.Http;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Http;

/// <summary>How a gated connection ends, in order or not.</summary>
public sealed class GatedRelayEndTests : GatedRelayStage
{
    [Fact]
    public async Task A_server_that_closes_an_idle_connection_ends_the_clients()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        rig.Server.End();
        rig.Client.ExpectEnd();
        rig.Client.End();
        rig.Server.ExpectEnd();
        Assert.True(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_client_that_ignores_the_servers_end_does_not_keep_the_connection()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        rig.Server.End();
        rig.Client.ExpectEnd();
        await _worker.SettleAsync();
        Assert.False(rig.Relay.IsCompleted);
        await LingerAsync();
        await rig.Relay;
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_response_that_closes_reaches_a_slow_client_whole()
    {
        var rig = await ConnectAsync();
        rig.Client.Send(Get("/a"));
        rig.Server.Expect(Get("/a"));
        var response = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + new string('x', 512 * 1024);
        await Patience.OnThread(() => rig.Server.Send(response));
        rig.Server.End();
        await SettleUntilAsync(() => _worker.Worker.Timers.Pending > 0);
        await LingerAsync();
        await rig.Relay;
        Assert.Equal(response, rig.Client.ReceiveToEnd());
    }

    [Fact]
    public async Task Bytes_behind_an_answer_that_closes_do_not_destroy_it()
    {
        var rig = await ConnectAsync();
        rig.Client.Send(Get("/a"));
        rig.Server.Expect(Get("/a"));
        const string response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
        rig.Server.Send(response);
        await SettleUntilAsync(() => _worker.Worker.Timers.Pending > 0);
        rig.Server.Send("HTTP/1.1 408 Request Timeout\r\n\r\n");
        await _worker.SettleAsync();
        rig.Server.Reset();
        await _worker.SettleAsync();
        Assert.Equal(response, rig.Client.ReceiveToEnd());
        rig.Client.End();
        Assert.True(await rig.Relay);
    }

    [Fact]
    public async Task A_server_that_goes_away_after_a_400_does_not_destroy_it()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        rig.Client.Send("BAD\r\n\r\n");
        await SettleUntilAsync(() => _worker.Worker.Timers.Pending > 0);
        rig.Server.Send("HTTP/1.1 408 Request Timeout\r\n\r\n");
        rig.Server.Reset();
        await _worker.SettleAsync();
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", rig.Client.ReceiveToEnd(), StringComparison.Ordinal);
        rig.Client.End();
        Assert.True(await rig.Relay);
    }

    [Fact]
    public async Task An_early_answer_of_a_server_that_closes_reaches_the_client_behind_its_upload()
    {
        var rig = await ConnectAsync();
        const int chunks = 256;
        rig.Client.Send($"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {chunks * 1024 * 1024}\r\n\r\n");
        Assert.StartsWith("PUT /a", rig.Server.ReceiveText(40), StringComparison.Ordinal);
        var uploading = Patience.OnThread(() =>
        {
            for (var i = 0; i < chunks; i++)
                rig.Client.Send(new byte[1024 * 1024]);
        });
        await SettleUntilAsync(() => _worker.Worker.Buffers.Rented > 0);
        const string response = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        rig.Server.Send(response);
        rig.Server.Dispose();

        await uploading;
        Assert.Equal(response, rig.Client.ReceiveToEnd());
        rig.Client.End();
        Assert.True(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_server_that_resets_within_its_answer_resets_the_client_even_if_a_write_met_it_first()
    {
        var rig = await ConnectAsync();
        rig.Client.Send("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
        Assert.StartsWith("PUT /a", rig.Server.ReceiveText(40), StringComparison.Ordinal);
        const string beginning = "HTTP/1.1 200 OK\r\n\r\nthe beginning of a body that ends with the connection";
        rig.Server.Send(beginning);
        rig.Client.Expect(beginning);
        var uploading = Patience.OnThread(() => Assert.ThrowsAny<IOException>(() => rig.Client.Send(new byte[100_000_000])));
        rig.Server.Reset();
        await uploading;
        Assert.False(await rig.Relay);
    }

    [Fact]
    public async Task A_servers_end_waits_for_an_answer_that_is_being_written()
    {
        var rig = await ConnectAsync();
        // Refusals that nobody reads, until their writing waits.
        var many = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(Get("/denied"), 10_000)));
        var sent = 0;
        var sending = Patience.OnThread(() =>
        {
            for (var i = 0; i < 20; i++)
            {
                rig.Client.Send(many);
                sent += 10_000;
            }

            rig.Client.End();
        });
        await SettleUntilAsync(() => _judge.Count > 20_000);
        rig.Server.End();
        var answers = await Patience.OnThread(rig.Client.ReceiveToEnd);
        await sending;
        Assert.Equal(0, answers.Length % Denied.Length);
        Assert.EndsWith(Denied, answers, StringComparison.Ordinal);
        Assert.True(await rig.Relay);
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task Unasked_bytes_of_the_server_reset_both()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        rig.Server.Send(Ok);
        rig.Client.ExpectReset();
        Assert.False(await rig.Relay);
        Assert.Equal(GateFault.UnsolicitedResponse, rig.Gated.Fault);
    }

    [Fact]
    public async Task A_reset_by_the_client_resets_the_server()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        rig.Client.Reset();
        rig.Server.ExpectReset();
        Assert.False(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    [Fact]
    public async Task An_idle_connection_holds_no_buffer()
    {
        var rig = await ConnectAsync();
        Exchange(rig, "/a");
        await AssertNothingHeldAsync();
        await EndAsync(rig);
    }
}
