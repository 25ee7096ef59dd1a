using Proxy.Issuer;
using Proxy.Spiffe;
using Proxy.Spiffe.Streams;

namespace Proxy.Tests.Issuer;

/// <summary>An issuer with all its APIs, files of its own, and whoever runs this test as a caller with an identity.</summary>
internal sealed class IssuerApis : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("issuer-apis-").FullName;
    private IssuerServer? _server;

    public IssuerApis()
    {
        Assert.True(SpiffeIdPattern.TryParse("spiffe://cluster.local/node-proxy/*", out var brokers));
        Options = new IssuerOptions
        {
            SocketPath = Path.Combine(_directory, "issuer.sock"),
            WorkloadSocketPath = Path.Combine(_directory, "workload.sock"),
            BrokerSocketPath = Path.Combine(_directory, "broker.sock"),
            Brokers = [brokers],
            StateDirectory = Path.Combine(_directory, "state"),
            EntriesFile = Path.Combine(_directory, "entries.yaml"),
            ManifestDirectory = Directory.CreateDirectory(Path.Combine(_directory, "manifests")).FullName,
        };
        WriteEntries(Entry("node-proxy/node1", $"unix:uid:{Native.UnixPeer.OwnUserId}"));
    }

    public IssuerOptions Options { get; set; }

    public ApiEndpoint Workload => Endpoint(Options.WorkloadSocketPath!);

    public ApiEndpoint Broker => Endpoint(Options.BrokerSocketPath!);

    public static string Entry(string path, string selector) => $"""
          - spiffeId: spiffe://cluster.local/{path}
            selectors: ["{selector}"]

        """;

    public async Task StartAsync() => _server = await IssuerServer.StartAsync(Options, TimeProvider.System, _ => { });

    public void WriteEntries(params string[] entries) =>
        File.WriteAllText(Options.EntriesFile!, entries.Length == 0 ? "entries: []" : $"entries:\n{string.Concat(entries)}");

    public void WritePod(string name, string uid) => File.WriteAllText(Path.Combine(Options.ManifestDirectory!, $"{name}.yaml"), $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, namespace: default, uid: {{uid}}, labels: {app: {{name}} } }
        spec: {serviceAccountName: {{name}}, nodeName: node1}
        """);

    public void RemovePod(string name) => File.Delete(Path.Combine(Options.ManifestDirectory!, $"{name}.yaml"));

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static ApiEndpoint Endpoint(string path) =>
        ApiEndpoint.TryParse(path, false, out var endpoint, out var error) ? endpoint : throw new ArgumentException(error);
}
