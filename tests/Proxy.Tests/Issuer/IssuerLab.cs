using System.Collections.Concurrent;
using Proxy.Issuer;
using Proxy.Spiffe;
using Proxy.Spiffe.DelegatedIdentity;

namespace Proxy.Tests.Issuer;

/// <summary>An issuer in this process with files of its own, and a source that reads it.</summary>
internal sealed class IssuerLab : IAsyncDisposable
{
    public static readonly SpiffeId Client = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/client");

    private readonly string _directory = Directory.CreateTempSubdirectory("issuer-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _log = new();
    private IssuerServer? _server;
    private Task _reading = Task.CompletedTask;

    public IssuerLab()
    {
        Options = new IssuerOptions
        {
            SocketPath = Path.Combine(_directory, "run", "issuer.sock"),
            StateDirectory = Path.Combine(_directory, "state"),
            EntriesFile = Path.Combine(_directory, "entries.yaml"),
            ManifestDirectory = Directory.CreateDirectory(Path.Combine(_directory, "manifests")).FullName,
        };
        Source = new DelegatedIdentitySource(Options.SocketPath, TimeProvider.System, _log.Enqueue);
        File.WriteAllText(Options.EntriesFile, Entry("client"));
    }

    public IssuerOptions Options { get; set; }

    public DelegatedIdentitySource Source { get; }

    public string Log => string.Join('\n', _log);

    public static string Entry(string account) => $"""
        entries:
          - spiffeId: spiffe://cluster.local/ns/default/sa/{account}
            selectors: ["k8s:ns:default", "k8s:sa:{account}"]

        """;

    public static WorkloadReference Pod(string account) =>
        new($"uid-{account}", "default", $"pod-{account}", account, "node1", new Dictionary<string, string>());

    public async Task StartIssuerAsync() => _server = await IssuerServer.StartAsync(Options, TimeProvider.System, _log.Enqueue);

    public async Task StopIssuerAsync()
    {
        await _server!.DisposeAsync();
        _server = null;
    }

    public void StartReading(params WorkloadReference[] pods)
    {
        Source.Track(pods);
        _reading = Source.RunAsync(_stop.Token);
    }

    public void WriteEntries(string content) => File.WriteAllText(Options.EntriesFile!, content);

    /// <summary>As editors do: the new file takes the place of the old.</summary>
    public void RenameOverEntries(string content)
    {
        File.WriteAllText(Options.EntriesFile + ".new", content);
        File.Move(Options.EntriesFile + ".new", Options.EntriesFile!, overwrite: true);
    }

    /// <summary>Waits for a state, not for a time.</summary>
    public async Task<IdentitySnapshot> UntilAsync(Func<IdentitySnapshot, bool> condition, TimeSpan? limit = null)
    {
        var reached = new TaskCompletionSource<IdentitySnapshot>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(IdentitySnapshot snapshot)
        {
            if (condition(snapshot))
                reached.TrySetResult(snapshot);
        }

        Source.Changed += Look;
        Look(Source.Current);
        try
        {
            return await reached.Task.WaitAsync(limit ?? TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The state was not reached. Log:\n{Log}");
        }
        finally
        {
            Source.Changed -= Look;
        }
    }

    public async Task UntilLoggedAsync(string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (!Log.Contains(text, StringComparison.Ordinal))
            await Task.Delay(10, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        await Source.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
