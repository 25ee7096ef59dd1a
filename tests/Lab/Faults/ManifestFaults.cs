namespace Lab.Faults;

/// <summary>Changes of the cluster: policies, labels, pods, Services and registrations.</summary>
internal sealed class ManifestFaults(FaultMesh mesh)
{
    private const string DenyGuest = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: deny-guest
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingressDeny:
            - fromEndpoints:
                - matchLabels:
                    app: guest
        """;

    private const string Broken = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: server
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingress:
            - fromEndpoint: everybody
        """;

    private int generation;

    public IReadOnlyList<Fault> All =>
    [
        Change("the guest's policy is removed", () => mesh.Lab.RemovePolicy(FaultMesh.GuestPolicy), () => mesh.AllowGuest("guest")) with { Forbids = true },
        Change("the guest's policy names nobody", () => mesh.AllowGuest("nobody"), () => mesh.AllowGuest("guest")) with { Forbids = true },
        Change("a policy denies the guest", () => mesh.Lab.ApplyPolicy(DenyGuest), () => mesh.Lab.RemovePolicy("deny-guest")) with { Forbids = true },
        Change("the guest loses its label", () => Relabel(mesh.Guest, ("app", "stranger")), () => Relabel(mesh.Guest, ("app", "guest"))) with { Forbids = true },
        Change("the server's policy is broken", () => mesh.Lab.ApplyPolicy(Broken), mesh.AllowServer),
        Change("a client gets one label more", () => Relabel(mesh.Far, ("app", "client"), ("tier", "one")), () => Relabel(mesh.Far, ("app", "client"))),
        Change("the Service moves to the spare", () => mesh.Serve(mesh.Spare), () => mesh.Serve(mesh.Server)),
        Change("the Service gets both servers", () => mesh.Serve(mesh.Server, mesh.Spare), () => mesh.Serve(mesh.Server)),
        Change("the Service loses all endpoints", () => mesh.Serve(), () => mesh.Serve(mesh.Server)),
        Change("the client's SVID is withdrawn", () => mesh.Lab.WithdrawEntry("far"), () => mesh.Lab.RestoreEntry("far")),
        Change("the server's SVID is withdrawn", () => mesh.Lab.WithdrawEntry("server"), () => mesh.Lab.RestoreEntry("server")),
        ReplaceSpare(),
    ];

    /// <summary>The spare serves while it is replaced by another pod at its address.</summary>
    private Fault ReplaceSpare() => new(
        "the spare is replaced at its address",
        () =>
        {
            mesh.Serve(mesh.Server, mesh.Spare);
            return mesh.ReplaceSpareAsync(++generation);
        },
        () =>
        {
            mesh.Serve(mesh.Server);
            return Task.CompletedTask;
        });

    private void Relabel(LabPod pod, params (string Key, string Value)[] labels) =>
        mesh.Lab.RelabelPod(pod, PodOptions.WithLabels(labels).Labels);

    private static Fault Change(string name, Action begin, Action end) => new(name, () => Run(begin), () => Run(end));

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
