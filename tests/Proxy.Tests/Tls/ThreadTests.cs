using System.Collections.Concurrent;
using Proxy.Engine;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

[Collection(nameof(AloneCollection))]
public sealed class LibSslThreadTests() : ThreadTests(nameof(TlsEngine.LibSsl));

[Collection(nameof(AloneCollection))]
public sealed class SslStreamThreadTests() : ThreadTests(nameof(TlsEngine.SslStream));

/// <summary>Nothing of a connection runs on the thread pool.</summary>
public abstract class ThreadTests(string engine) : IDisposable
{
    private const int Connections = 200;

    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();
    private readonly TestPki _pki = new(Enum.Parse<TlsEngine>(engine));

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _loopback.Dispose();
        _worker.Dispose();
        _pki.Dispose();
    }

    [Fact]
    public async Task Two_hundred_TLS_connections_live_on_their_worker_alone()
    {
        var threads = new ConcurrentDictionary<int, string>();
        var ended = new CountdownEvent(Connections);
        var home = await _worker.AskAsync(() => Environment.CurrentManagedThreadId);
        await Patience.OnThread(() => Serve(threads, ended, 1));
        var before = ThreadPool.CompletedWorkItemCount;
        ended.Reset(Connections);

        Serve(threads, ended, Connections);

        Assert.True(ended.Wait(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal(home, Assert.Single(threads.Keys));
        Assert.InRange(ThreadPool.CompletedWorkItemCount - before, 0, Connections / 10);
        Assert.Empty(_worker.Faults);
        ended.Dispose();
    }

    private void Serve(ConcurrentDictionary<int, string> threads, CountdownEvent ended, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _worker.Worker.Post(() => _ = RunAsync(threads, ended));
            var (first, second) = (_loopback.Accept(), _loopback.Accept());
            first.StartClientTls(TestPki.ClientOptions(_pki.Client.Certificate));
            second.StartServerTls(TestPki.ServerOptions(_pki.Server.Certificate));
            first.Send("ping");
            second.Expect("ping");
            second.Send("pong");
            first.Expect("pong");
            first.End();
            second.ExpectEnd();
            second.End();
            first.ExpectEnd();
        }
    }

    private async Task RunAsync(ConcurrentDictionary<int, string> threads, CountdownEvent ended)
    {
        var probe = new Probe(threads, _worker.Worker);
        var client = _pki.Engine.Secure(await Loopback.DialAsync(_worker.Worker, _loopback.Endpoint));
        var server = _pki.Engine.Secure(await Loopback.DialAsync(_worker.Worker, _loopback.Endpoint));
        probe.Note("dialled");
        var (clientVerifier, serverVerifier) = (_pki.VerifierOf(TestPki.ClientId), _pki.VerifierOf(TestPki.ServerId));
        var accepted = await Handshake.RunAsync(_worker.Worker, client, _worker.Worker.Handshakes.Of(default), Patience.Limit, clientVerifier,
            () => client.AuthenticateAsServerAsync(_pki.Server, clientVerifier));
        probe.Note("accepted");
        var connected = await Handshake.RunAsync(_worker.Worker, server, _worker.Worker.Handshakes.Of(default), Patience.Limit, serverVerifier,
            () => server.AuthenticateAsClientAsync(_pki.Client, serverVerifier));
        probe.Note("connected");
        Assert.Equal((null, null), (accepted.Reason, connected.Reason));
        Assert.True(await Relay.RunAsync(_worker.Worker, new ProbeLeg(client, probe), new ProbeLeg(server, probe)));
        probe.Note("ended");
        ended.Signal();
    }

    private sealed class Probe(ConcurrentDictionary<int, string> threads, Worker worker)
    {
        public void Note(string what)
        {
            worker.AssertOwned();
            threads.TryAdd(Environment.CurrentManagedThreadId, what);
        }
    }

    /// <summary>Notes the thread at the beginning and at the end of each operation.</summary>
    private sealed class ProbeLeg(Leg inner, Probe probe) : Leg
    {
        internal override Action? OnReset
        {
            get => inner.OnReset;
            set => inner.OnReset = value;
        }

        internal override async ValueTask WaitAsync()
        {
            probe.Note("wait");
            await inner.WaitAsync();
            probe.Note("waited");
        }

        internal override async ValueTask<int> ReadAsync(Memory<byte> buffer)
        {
            probe.Note("read");
            var count = await inner.ReadAsync(buffer);
            probe.Note("has read");
            return count;
        }

        internal override async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            probe.Note("write");
            var done = await inner.WriteAsync(bytes);
            probe.Note("has written");
            return done;
        }

        internal override async ValueTask<bool> EndAsync()
        {
            probe.Note("end");
            var done = await inner.EndAsync();
            probe.Note("has ended");
            return done;
        }

        internal override void Close() => inner.Close();

        internal override void Abort() => inner.Abort();
    }
}
