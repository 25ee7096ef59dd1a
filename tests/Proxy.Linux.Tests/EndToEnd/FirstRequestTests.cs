using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

public abstract class FirstRequestTests(Mesh mesh)
{
    private const int Rounds = 10;
    private const int PodsPerRound = 10;

    [Fact]
    public async Task A_hundred_of_a_hundred_first_requests_succeed()
    {
        var nginx = await NginxServer.StartAsync(mesh.Server, NginxServer.DeathStar);
        var service = mesh.Lab.AddService("server", 80, mesh.Server);
        var failures = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            failures.AddRange(await FirstRequestsAsync(service, nginx, $"r{round}"));
        }

        Assert.Empty(failures);
    }

    private async Task<IEnumerable<string>> FirstRequestsAsync(LabService service, NginxServer nginx, string app)
    {
        var options = PodOptions.WithLabels(("app", app));
        var pods = await Task.WhenAll(Enumerable.Range(0, PodsPerRound).Select(
            number => mesh.Lab.AddPodAsync(mesh.Lab.Nodes[number % 2], $"{app}-{number}", options)));
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Mesh.Policy(app, app, "{ method: POST, path: /v1/request-landing }")));
        await mesh.Lab.SettleAsync();

        var answers = await Task.WhenAll(pods.Select(async pod => (pod, answer: await Curl.AskAsync(pod, service, "POST", "/v1/request-landing"))));

        var seen = await Task.WhenAll(pods.Select(pod => nginx.AwaitRequestAsync($"{pod.IPv4} POST /v1/request-landing 200", TimeSpan.FromSeconds(2))));
        foreach (var pod in pods)
        {
            await mesh.Lab.DeletePodAsync(pod);
        }

        mesh.Lab.RemovePolicy(app);
        return [
            .. answers.Where(a => !a.answer.IsOk).Select(a => $"{a.pod.Name}: {a.answer}"),
            .. pods.Where((_, index) => !seen[index]).Select(pod => $"{pod.Name}: the server did not see its address"),
        ];
    }
}
