namespace Lab.Compare;

/// <summary>
/// The same HAProxy as a sidecar is deployed: the application dials its server, and REDIRECT in both pods brings the
/// connection to the proxy (what istio-init and linkerd-init set up; iptables-extensions(8)). Nobody is judged by packet.
/// </summary>
internal sealed class CapturedHaproxyHops(string version, LabCluster lab, LabPod client, LabPod server, PeerCertificates certificates, bool isFresh)
    : HaproxyHops(version, lab, client, server, certificates, isFresh)
{
    // What this group sends is the proxy's own.
    private const string ProxyGroup = "1337";

    public override string Name => "haproxy-captured";

    public override (string, int) Http => (Server.IPv4, HttpPort);

    public override (string, int) Opaque => (Server.IPv4, OpaquePort);

    protected override (int Http, int Opaque) SecondPorts => (HttpPort, OpaquePort);

    public override async Task StartAsync()
    {
        await Shell.ScriptAsync($"""
            nsenter --net=/run/netns/{Client.NetworkNamespace} sh -eu <<'EOF'
            iptables -t nat -F OUTPUT
            iptables -t nat -A OUTPUT -p tcp --dport {HttpPort} -m owner ! --gid-owner {ProxyGroup} -j REDIRECT --to-ports {ClientHttpPort}
            iptables -t nat -A OUTPUT -p tcp --dport {OpaquePort} -m owner ! --gid-owner {ProxyGroup} -j REDIRECT --to-ports {ClientOpaquePort}
            EOF
            nsenter --net=/run/netns/{Server.NetworkNamespace} sh -eu <<'EOF'
            iptables -t nat -F PREROUTING
            iptables -t nat -A PREROUTING -p tcp --dport {HttpPort} -j REDIRECT --to-ports {SecureHttpPort}
            iptables -t nat -A PREROUTING -p tcp --dport {OpaquePort} -j REDIRECT --to-ports {SecureOpaquePort}
            EOF
            """);
        await base.StartAsync();
    }

    protected override IReadOnlyList<string> Command(string configurationPath) =>
        ["setpriv", "--regid", ProxyGroup, "--clear-groups", .. base.Command(configurationPath)];
}
