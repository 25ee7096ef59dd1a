namespace Proxy.Engine;

/// <summary>Both directions of a connection, until both have ended in order or one of them broke.</summary>
internal sealed class Relay(Leg client, Leg server)
{
    private bool _isAnswered;

    /// <summary>True when both directions ended in order.</summary>
    internal static async ValueTask<bool> RunAsync(Worker worker, Leg client, Leg server, RelayWatch? watch = null)
    {
        var relay = new Relay(client, server);
        client.OnReset = server.OnReset = relay.Break;
        watch?.Start();
        var inOrder = await relay.RunAsync(Lane.RunAsync(worker, client, server, watch), Lane.RunAsync(worker, server, client, watch));
        watch?.Stop();
        return inOrder;
    }

    /// <summary>Waits for two lanes that were started just now; resets that reach no lane are the caller's to handle.</summary>
    internal async ValueTask<bool> RunAsync(ValueTask<bool> requests, ValueTask<bool> responses)
    {
        var inOrder = await BothAsync(RunOrBreakAsync(requests), AnswerOrBreakAsync(responses));
        if (inOrder)
        {
            client.Close();
            server.Close();
        }

        return inOrder;
    }

    /// <summary>
    /// Ends what is left. A server that has ended its answer in order and then resets, because it did not care to
    /// read all of the request, must not destroy the answer on its way: the client sees the end, not a reset.
    /// </summary>
    private void Break()
    {
        server.Abort();
        if (_isAnswered)
            client.Close();
        else
            client.Abort();
    }

    private static async ValueTask<bool> BothAsync(ValueTask<bool> first, ValueTask<bool> second) => await first & await second;

    private async ValueTask<bool> AnswerOrBreakAsync(ValueTask<bool> responses) => _isAnswered = await RunOrBreakAsync(responses);

    private async ValueTask<bool> RunOrBreakAsync(ValueTask<bool> lane)
    {
        var inOrder = false;
        try
        {
            inOrder = await lane;
        }
        finally
        {
            if (!inOrder)
                Break();
        }

        return inOrder;
    }
}
