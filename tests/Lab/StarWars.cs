namespace Lab;

/// <summary>The pods and Services of the Star Wars scenario in a lab: servers on one node, clients where they are put.</summary>
public sealed class StarWars
{
    private readonly LabCluster lab;
    private readonly Dictionary<string, LabPod> clients = [];

    private StarWars(LabCluster lab) => this.lab = lab;

    public static string Samples => Path.Combine(Repository.Root, "samples/star-wars");

    public IReadOnlyList<LabPod> DeathStars { get; private set; } = [];

    public IReadOnlyList<NginxServer> DeathStarServers { get; private set; } = [];

    public LabService DeathStar { get; private set; } = null!;

    public LabService DemoDeployment { get; private set; } = null!;

    public IReadOnlyDictionary<string, LabPod> Clients => clients;

    public LabPod TieFighter => clients["tiefighter"];

    public LabPod Xwing => clients["xwing"];

    /// <summary>Makes the servers; both replicas of the death star stand on the same node, so that a client's placement is certain.</summary>
    public static async Task<StarWars> CreateAsync(LabCluster lab, LabNode servers)
    {
        var scenario = new StarWars(lab);
        LabPod[] stars =
        [
            await lab.AddPodAsync(servers, "deathstar-8464cdd4d9-p58cs", DeathStarOptions),
            await lab.AddPodAsync(servers, "deathstar-8464cdd4d9-x7k2m", DeathStarOptions),
        ];
        var demo = await lab.AddPodAsync(servers, "demodeployment", PodOptions.WithLabels(("app", "demodeployment")));
        scenario.DeathStarServers = await Task.WhenAll(stars.Select(pod => NginxServer.StartAsync(pod, NginxServer.DeathStar)));
        await NginxServer.StartAsync(demo, NginxServer.Demo);
        scenario.DeathStars = stars;
        scenario.DeathStar = lab.AddService("deathstar", 80, stars);
        scenario.DemoDeployment = lab.AddService("demodeployment", 80, demo);
        return scenario;
    }

    /// <summary>Makes the clients on a node; those of an earlier placement are deleted first.</summary>
    public async Task PlaceClientsAsync(LabNode node)
    {
        foreach (var pod in clients.Values)
        {
            await lab.DeletePodAsync(pod);
        }

        await lab.SettleAsync();
        foreach (var (name, options) in ClientOptions)
        {
            clients[name] = await lab.AddPodAsync(node, name, options);
        }
    }

    public static string Policy(string file) => File.ReadAllText(Path.Combine(Samples, file));

    private static PodOptions DeathStarOptions => PodOptions.WithLabels(
        ("org", "empire"), ("class", "deathstar"), ("app.kubernetes.io/name", "deathstar"), ("pod-template-hash", "8464cdd4d9"))
        with
    { ServiceAccount = "deathstar" };

    private static (string, PodOptions)[] ClientOptions =>
    [
        ("tiefighter", PodOptions.WithLabels(("org", "empire"), ("class", "tiefighter"), ("app.kubernetes.io/name", "tiefighter"))),
        ("xwing", PodOptions.WithLabels(("org", "alliance"), ("class", "xwing"), ("app.kubernetes.io/name", "xwing"))),
        ("client1", PodOptions.WithLabels(("app", "client1"))),
        ("client2", PodOptions.WithLabels(("app", "client2"))),
    ];
}
