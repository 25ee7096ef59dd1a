namespace Lab;

/// <summary>What a lab is built with.</summary>
public sealed record LabOptions
{
    public IReadOnlyList<string> Nodes { get; init; } = ["node-a", "node-b"];

    public string TrustDomain { get; init; } = "cluster.local";

    /// <summary>What the SPIFFE IDs of pods are made of, for daemons and issuer; empty: by namespace and service account.</summary>
    public string SpiffeIdTemplate { get; init; } = "";

    /// <summary>Life of an SVID as the issuer's option takes it, for example "1h"; empty: the issuer's default.</summary>
    public string SvidLife { get; init; } = "";

    /// <summary>The variant of iptables that the node-proxies use: auto, nft or legacy.</summary>
    public string Iptables { get; init; } = "auto";

    /// <summary>Who speaks TLS in the node-proxies: libssl or sslstream; empty: what the environment of the lab says, or the program's default.</summary>
    public string Tls { get; init; } = "";

    /// <summary>Workers of each node-proxy; null: the program's default.</summary>
    public int? Workers { get; init; }

    /// <summary>The program under test: $NODE_PROXY_BIN, or what `make build` publishes.</summary>
    public string NodeProxy { get; init; } = FindNodeProxy();

    /// <summary>Removes abandoned labs of earlier runs first.</summary>
    public bool Reaps { get; init; } = true;

    /// <summary>Leaves the lab standing to look at: $LAB_KEEP is set to anything.</summary>
    public bool IsKept { get; init; } = Environment.GetEnvironmentVariable("LAB_KEEP") is { Length: > 0 };

    internal IReadOnlyList<string> ProxyEnvironment =>
        ["env", $"NODE_PROXY_IPTABLES={Iptables}", .. Tls.Length > 0 ? [$"NODE_PROXY_TLS={Tls}"] : Array.Empty<string>()];

    internal IReadOnlyList<string> ProxyArguments => [.. Workers is { } workers ? ["--workers", $"{workers}"] : Array.Empty<string>(), .. TemplateArguments];

    internal IReadOnlyList<string> TemplateArguments => SpiffeIdTemplate.Length > 0 ? ["--spiffe-id-template", SpiffeIdTemplate] : [];

    private static string FindNodeProxy() =>
        Environment.GetEnvironmentVariable("NODE_PROXY_BIN") is { Length: > 0 } set
            ? set
            : Path.Combine(Repository.Root, "artifacts/node-proxy/node-proxy");
}
