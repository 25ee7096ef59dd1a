using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

/// <summary>What connections leave behind.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LeakTests : IDisposable
{
    private const int Warm = 300;
    private const int Connections = 2_000;

    // An SSL that was not freed keeps 12 KiB and more (perf/README.md).
    private const long Allowed = Connections * 6L * 1024;

    // Servers of earlier tests in this process still open and close a few; one for each fortieth connection would be a leak.
    private const int OfOthers = Connections / 40;

    private readonly TestWorker _worker = new();
    private readonly TestPki _pki = new();

    public void Dispose()
    {
        _worker.Dispose();
        _pki.Dispose();
    }

    [Fact]
    public async Task Two_thousand_connections_leave_neither_memory_nor_descriptors()
    {
        await RunAsync(Warm);
        var (memory, descriptors) = (Resident(), Descriptors());
        await RunAsync(Connections);
        Assert.InRange(Descriptors(), 0, descriptors + OfOthers);
        var kept = Resident() - memory;
        TestContext.Current.TestOutputHelper?.WriteLine($"{kept / 1024} KiB more");
        Assert.InRange(kept, long.MinValue, Allowed);
        Assert.Empty(_worker.Faults);
    }

    // Half of them end in order, a quarter by a reset, and a quarter never get through their handshake.
    private async Task RunAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (i % 4 == 3)
                Assert.Equal(OutcomeReason.PeerUnexpectedId, await _worker.RunAsync(RefuseAsync));
            else
                Assert.True(await _worker.RunAsync(() => ExchangeAsync(endsInOrder: i % 4 < 2)));
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private async ValueTask<bool> ExchangeAsync(bool endsInOrder)
    {
        var pair = await LegPair.ConnectAsync(_worker.Worker, _pki, TlsEngine.LibSsl, TlsEngine.LibSsl);
        var buffer = new byte[8];
        var isRight = await pair.Client.WriteAsync("ping"u8.ToArray()) && await pair.Server.ReadAsync(buffer) == 4;
        if (endsInOrder)
        {
            isRight &= await pair.Client.EndAsync() && await pair.Server.ReadAsync(buffer) == 0 && await pair.Server.EndAsync();
            pair.Client.Close();
            pair.Server.Close();
        }
        else
        {
            pair.Abort();
        }

        return isRight;
    }

    private async ValueTask<OutcomeReason?> RefuseAsync()
    {
        var (clientSocket, serverSocket) = await LegPair.JoinAsync(_worker.Worker);
        var (client, server) = (TlsEngine.LibSsl.Secure(clientSocket), TlsEngine.LibSsl.Secure(serverSocket));
        var (wrong, right) = (_pki.VerifierOf(TestPki.ClientId), _pki.VerifierOf(TestPki.ClientId));
        var accepting = Handshake.RunAsync(_worker.Worker, server, _worker.Worker.Handshakes.Of(default), Patience.Limit, right,
            () => server.AuthenticateAsServerAsync(_pki.Server, right)).AsTask();
        var refused = await Handshake.RunAsync(_worker.Worker, client, _worker.Worker.Handshakes.Of(default), Patience.Limit, wrong,
            () => client.AuthenticateAsClientAsync(_pki.Client, wrong));
        // As a captured socket ends: below the leg, which is never told.
        clientSocket.Abort();
        serverSocket.Abort();
        Assert.Equal(OutcomeReason.HandshakeFailed, (await accepting).Reason);
        return refused.Reason;
    }

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private static long Resident() => Environment.WorkingSet;
}
