namespace Lab.Compare;

/// <summary>
/// A proxy from the system's packages: its first process stands in the client's pod and takes plaintext on loopback,
/// its second in the server's.
/// </summary>
internal abstract class PeerHops(LabCluster lab, LabPod client, LabPod server, PeerCertificates certificates, bool isFresh) : Hops(lab, client, server)
{
    protected const int ClientHttpPort = 8000;
    protected const int ClientOpaquePort = 7000;
    protected const int SecureHttpPort = 8443;
    protected const int SecureOpaquePort = 7443;

    private readonly List<LabProcess> processes = [];

    public override (string, int) Http => ("127.0.0.1", ClientHttpPort);

    public override (string, int) Opaque => ("127.0.0.1", ClientOpaquePort);

    protected override IReadOnlyList<int> Pids => [.. processes.Select(process => process.Pid)];

    protected PeerCertificates Certificates => certificates;

    /// <summary>Whether no TLS session is to be resumed.</summary>
    protected bool IsFresh => isFresh;

    public override async Task StartAsync()
    {
        processes.Clear();
        processes.Add(await StartAsync(Server, ServerConfiguration, SecureHttpPort));
        processes.Add(await StartAsync(Client, ClientConfiguration, ClientHttpPort));
    }

    public override Task StopAsync() => Task.WhenAll(processes.Select(process => process.StopAsync()));

    protected abstract string ClientConfiguration { get; }

    protected abstract string ServerConfiguration { get; }

    protected abstract IReadOnlyList<string> Command(string configurationPath);

    private async Task<LabProcess> StartAsync(LabPod pod, string configuration, int port)
    {
        var path = Path.Combine(pod.Files, $"{Name}.conf");
        await File.WriteAllTextAsync(path, configuration);
        var process = pod.Start(["taskset", "-c", Processors.Hops, .. Command(path)]);
        var listens = () => pod.RunAsync("ss", "-Hltn", "sport", "=", $":{port}");
        if (!await Wait.UntilAsync(async () => process.HasExited || (await listens()).Output.Length > 0, TimeSpan.FromSeconds(20)) || process.HasExited)
        {
            throw new LabException($"{Name} does not listen in {pod.Name}:\n{process.Log}");
        }

        return process;
    }
}
