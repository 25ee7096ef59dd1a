namespace Lab.Demo;

/// <summary>Leaves the demo's lab standing, and says how to go on by hand.</summary>
internal static class KeptLab
{
    public static void Keep(LabCluster lab, StarWars scenario, DemoReport report)
    {
        lab.Directory.Keep();
        foreach (var pod in lab.Pods)
        {
            WriteHosts(pod, scenario);
        }

        report.Title($"the lab {lab.Directory.Id} is kept; the death star is under l7-mutual-auth.yaml");
        report.Say("enter a pod:");
        foreach (var pod in lab.Pods.OrderBy(pod => pod.Name, StringComparer.Ordinal))
        {
            report.Say($"  ip netns exec {pod.NetworkNamespace} bash    # {pod.Name} on {pod.Node.Name}, {pod.IPv4}, {pod.IPv6}");
        }

        var url = Curl.UrlOf(scenario.DeathStar, "/v1/request-landing");
        report.Say($"\nthe death star, as its clients use it: {url}  (its Service address: http://{scenario.DeathStar.IPv4}/)");
        report.Say($"  ip netns exec {scenario.TieFighter.NetworkNamespace} curl -sS -X POST {url}");
        report.Say($"  ip netns exec {scenario.TieFighter.NetworkNamespace} curl -sS -X PUT {Curl.UrlOf(scenario.DeathStar, "/v1/exhaust-port")}");
        report.Say($"  ip netns exec {scenario.Xwing.NetworkNamespace} curl -sS --connect-timeout 1 -X POST {url}");
        report.Say($"  ip netns exec {scenario.Clients["client2"].NetworkNamespace} curl -sS {Curl.UrlOf(scenario.DemoDeployment, "/")}");
        report.Say($"\nobserve:\n  {lab.Options.NodeProxy} observe {string.Join(' ', lab.ObserverArguments())} --last 20");
        report.Say($"\nmanifests (edit them, they are watched): {lab.Directory.Manifests}");
        report.Say($"registrations at the issuer:              {Path.Combine(lab.Directory.FullPath, "entries.yaml")}");
        report.Say($"logs:                                     {lab.Directory.Logs}");
        report.Say($"\na namespace with the tie fighter's address and without its capture, for your own openssl s_client:");
        report.Say($"  {Environment.ProcessPath} twin {lab.Directory.Id} {scenario.TieFighter.Name}    # --remove ends it");
        report.Say($"  the issuer's authority: {Path.Combine(lab.IssuerState, "ca")}");
        report.Say("\nclean up:\n  make demo-down");
    }

    /// <summary>`ip netns exec` shows a process this file as /etc/hosts: the Services' names without a name server.</summary>
    private static void WriteHosts(LabPod pod, StarWars scenario)
    {
        var directory = Directory.CreateDirectory($"/etc/netns/{pod.NetworkNamespace}");
        File.WriteAllText(Path.Combine(directory.FullName, "hosts"), $"""
            127.0.0.1 localhost
            ::1 localhost
            {scenario.DeathStar.IPv4} {scenario.DeathStar.Host} {scenario.DeathStar.Name}
            {scenario.DemoDeployment.IPv4} {scenario.DemoDeployment.Host} {scenario.DemoDeployment.Name}

            """);
    }
}
