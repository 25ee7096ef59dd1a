using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes that federate with another trust domain, whose issuer stands on the machine outside.</summary>
public sealed class FederatedMachine : IAsyncLifetime
{
    public const string Domain = "example.org";

    private const int BundlePort = 8445;

    private LabProcess? issuer;

    public LabCluster Lab { get; private set; } = null!;

    public LabPod Pod { get; private set; } = null!;

    internal TlsMachine Machine { get; private set; } = null!;

    /// <summary>The other trust domain's.</summary>
    internal TestAuthority Authority => TestAuthority.OfIssuer(State, Machine.Place.Files);

    private string State => Path.Combine(Machine.Place.Files, "issuer-state");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Lab = await LabCluster.CreateAsync();
        try
        {
            Machine = await TlsMachine.CreateAsync(Lab, Lab.Nodes[0], "ledger", "192.0.2.60", "2001:db8::60");
            Pod = await Lab.AddPodAsync(Lab.Nodes[0], "teller", PodOptions.WithLabels(("app", "teller")));
            issuer = Machine.Place.Start(
                Lab.RequireNodeProxy(), "issuer", "--trust-domain", Domain, "--state-dir", State,
                "--socket", Path.Combine(Machine.Place.Files, "run", "issuer.sock"), "--bundle-port", $"{BundlePort}");
            await issuer.WaitForLogAsync("issuer ready");
            await Lab.StartAsync(
                "--federate", $"{Domain}=https://{Machine.IPv4}:{BundlePort}/bundle,spiffe://{Domain}/node-proxy/issuer",
                "--federate-bundle", $"{Domain}={Authority.WriteAuthority()}");
            await Lab.SettleAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (issuer is not null)
        {
            await issuer.StopAsync();
        }

        if (Lab is not null)
        {
            await Lab.DisposeAsync();
        }
    }
}
