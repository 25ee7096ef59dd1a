using Proxy.Issuer;
using Proxy.Spiffe;
using Proxy.Spiffe.DelegatedIdentity;
using Proxy.Spiffe.Federation;
using Proxy.Tests.Sources;

namespace Proxy.Tests.Federation;

/// <summary>A trust domain with an issuer of its own, which serves its bundle with both profiles.</summary>
internal sealed class DomainLab : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("domain-");
    private IssuerServer? _server;

    public DomainLab(string domain, WebPki web)
    {
        Domain = new TrustDomain(domain);
        Options = new IssuerOptions
        {
            TrustDomain = Domain,
            SocketPath = Path.Combine(_directory.FullName, "issuer.sock"),
            StateDirectory = Path.Combine(_directory.FullName, "state"),
            EntriesFile = Path.Combine(_directory.FullName, "entries.yaml"),
            BundlePort = Tool.FreePort(),
            BundleWebPort = Tool.FreePort(),
            BundleCertificateFile = web.CertificateFile,
            BundleKeyFile = web.KeyFile,
        };
        File.WriteAllText(Options.EntriesFile, $"""
            entries:
              - spiffeId: {Id}
                selectors: ["k8s:ns:default"]
            """);
    }

    public TrustDomain Domain { get; }

    public IssuerOptions Options { get; set; }

    public System.Collections.Concurrent.ConcurrentQueue<string> Log { get; } = new();

    public SpiffeId Id => SpiffeId.Parse($"spiffe://{Domain}/workload");

    public string SpiffeUrl => $"https://localhost:{Options.BundlePort}/bundle";

    public string WebUrl => $"https://localhost:{Options.BundleWebPort}/bundle";

    public async Task StartAsync() => _server = await IssuerServer.StartAsync(Options, TimeProvider.System, Log.Enqueue);

    public async Task StopAsync()
    {
        await _server!.DisposeAsync();
        _server = null;
    }

    /// <summary>What a node of this trust domain knows.</summary>
    public SourceRun RunNode(FederationOptions? federation) => new(
        log =>
        {
            var source = new DelegatedIdentitySource(Options.SocketPath, TimeProvider.System, log);
            return federation is null ? source : new FederatedIdentitySource(source, federation, TimeProvider.System, log);
        },
        new WorkloadReference("uid", "default", "pod", "workload", "node1", new Dictionary<string, string>()));

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await StopAsync();
        _directory.Delete(recursive: true);
    }
}
