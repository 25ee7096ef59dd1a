using System.Collections.Concurrent;
using System.Text;
using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Linting;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Cluster;

public sealed class PolicyReviewTests : IAsyncDisposable
{
    private readonly LiveManifests _manifests = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly PolicyReview _review;

    public PolicyReviewTests()
    {
        _review = new PolicyReview(TimeProvider.System, _log.Enqueue);
        _manifests.Cluster.Changed += _review.Follow;
    }

    public async ValueTask DisposeAsync()
    {
        await _review.DisposeAsync();
        await _manifests.DisposeAsync();
    }

    [Fact]
    public async Task What_documents_mean_together_is_told_once_with_its_place_and_once_when_it_is_over()
    {
        _manifests.Put("a.yaml", Requests("restricted"));
        await _manifests.StartAsync();
        await UntilSeenAsync();
        Assert.Empty(_review.Last.Warnings);

        _manifests.Put("b.yaml", Manifests.Policy("open"));
        await _manifests.UntilAsync(snapshot => snapshot.Documents.Count == 2);
        await UntilSeenAsync();
        var warning = Assert.Single(_review.Last.Warnings).Fault;
        Assert.Equal((_manifests.PathOf("a.yaml"), 7, 7), (warning.File, warning.Line, warning.Column));
        Assert.Equal(("CiliumNetworkPolicy default/restricted", "spec.ingress[0]"), (warning.Document, warning.Path));
        Assert.Contains("have no effect", warning.Reason, StringComparison.Ordinal);

        _manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        await _manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 1);
        await UntilSeenAsync();
        _manifests.Delete("b.yaml");
        await _manifests.UntilAsync(snapshot => snapshot.Documents.Count == 1);
        await UntilSeenAsync();
        Assert.Empty(_review.Last.Warnings);
        Assert.Equal([$"warning: {warning}", $"no longer: warning: {warning}"], _log);
    }

    [Fact]
    public async Task Pods_that_come_and_go_change_what_is_listed_and_are_not_told_again()
    {
        _manifests.Put("pods.yaml", Manifests.Enrolled, Manifests.Pod("one", "10.0.0.1", "{app: client}"), Manifests.Pod("two", "10.0.0.2", "{app: other}"));
        _manifests.Put("a.yaml", Manifests.Policy("restricted") + "\n      authentication: {mode: required}");
        await _manifests.StartAsync();
        await UntilSeenAsync();
        Assert.Contains("app=other", Assert.Single(_review.Last.Warnings).Fault.Reason, StringComparison.Ordinal);

        _manifests.Put("third.yaml", Manifests.Pod("three", "10.0.0.3", "{app: third}"));
        await _manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 3);
        await UntilSeenAsync();
        Assert.Contains("app=third", Assert.Single(_review.Last.Warnings).Fault.Reason, StringComparison.Ordinal);
        Assert.Single(_log);
    }

    [Fact]
    public async Task Nothing_is_looked_at_again_where_only_addresses_have_changed()
    {
        _manifests.Put("pod.yaml", Manifests.Pod("one", "10.0.0.1"));
        _manifests.Put("a.yaml", Manifests.Policy("a"));
        var first = await _manifests.StartAsync();
        _manifests.Put("pod.yaml", Manifests.Pod("one", "10.0.0.9"));
        var second = await _manifests.UntilAsync(snapshot => snapshot.Revision > first.Revision);
        _manifests.Put("pod.yaml", Manifests.Pod("one", "10.0.0.9", "{app: changed}"));
        var third = await _manifests.UntilAsync(snapshot => snapshot.Revision > second.Revision);
        Assert.Equal((true, false), (second.MeansTheSameAs(first), third.MeansTheSameAs(second)));
    }

    [Fact]
    public void A_look_that_nobody_waits_for_any_more_is_given_up()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var documents = Enumerable.Range(0, 3).SelectMany(i => Parse(Requests($"r{i}"), Manifests.Policy($"p{i}"))).ToList();
        Assert.NotEmpty(PolicyLint.Find(documents, PolicyContext.Empty, new LintScope(), CancellationToken.None));
        Assert.Throws<OperationCanceledException>(() => PolicyLint.Find(documents, PolicyContext.Empty, new LintScope(), stop.Token));
    }

    private Task UntilSeenAsync() => PollAsync().Soon();

    private async Task PollAsync()
    {
        while (_review.Last.Revision < _manifests.Cluster.Current.Revision)
            await Task.Delay(TimeSpan.FromMilliseconds(5));
    }

    private static IEnumerable<PolicyDocument> Parse(params string[] texts) =>
        texts.Select(text => PolicyParser.Parse(ManifestReader.Read("a.yaml", Encoding.UTF8.GetBytes(text)).Documents.Single()));

    private static string Requests(string name) =>
        Manifests.Policy(name) + "\n      toPorts: [{ports: [{port: \"80\", protocol: TCP}], rules: {http: [{method: GET}]}}]";
}
