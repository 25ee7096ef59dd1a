using System.CommandLine;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Proxy.Commands;
using Proxy.Spiffe;
using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tests.Sources;
using Proxy.Tls;

namespace Proxy.Tests.Federation;

/// <summary>Two trust domains, each with its issuer and a node, that learn each other's bundles from their endpoints.</summary>
public sealed class FederatedIssuersTests : IAsyncLifetime
{
    private readonly WebPki _web = new();
    private readonly DomainLab _a;
    private readonly DomainLab _b;
    private readonly List<SourceRun> _nodes = [];

    public FederatedIssuersTests() => (_a, _b) = (new DomainLab("a.test", _web), new DomainLab("b.test", _web));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        _web.Dispose();
    }

    [Fact]
    public async Task Workloads_of_both_prove_themselves_to_each_other()
    {
        await Task.WhenAll(_a.StartAsync(), _b.StartAsync());
        var (one, other) = (Node(_a, await BySpiffeAsync(_b)), Node(_b, ByWeb(_a)));

        var client = await one.UntilAsync(snapshot => Knows(snapshot, _a.Id, _b.Domain));
        var server = await other.UntilAsync(snapshot => Knows(snapshot, _b.Id, _a.Domain));

        Assert.Equal(("hello", true, true), await SpeakAsync(client, _a.Id, server, _b.Id));
        // Only who was expected, and only by the roots of his own trust domain.
        var refused = await SpeakAsync(client, _a.Id, server, _b.Id, expected: SpiffeId.Parse("spiffe://b.test/other"));
        Assert.Equal(("", false), (refused.Heard, refused.ServerIsKnown));
        Assert.False(Verify(client.FindSvid("uid", _a.Id)!, _ => server.FindBundle("uid", _b.Domain)));
    }

    [Fact]
    public async Task One_who_is_not_federated_with_believes_nobody()
    {
        await Task.WhenAll(_a.StartAsync(), _b.StartAsync());
        var (one, other) = (Node(_a, null), Node(_b, ByWeb(_a)));
        var client = await one.UntilAsync(snapshot => snapshot.FindSvid("uid", _a.Id) is not null);
        var server = await other.UntilAsync(snapshot => Knows(snapshot, _b.Id, _a.Domain));

        Assert.True(Verify(client.FindSvid("uid", _a.Id)!, domain => server.FindBundle("uid", domain)));
        Assert.Null(client.FindBundle("uid", _b.Domain));
        Assert.False(Verify(server.FindSvid("uid", _b.Id)!, domain => client.FindBundle("uid", domain)));
    }

    [Fact]
    public async Task Another_root_is_known_before_it_signs_and_an_outage_changes_nothing()
    {
        // Half of 12 s later the next root is published, five sixths later it signs; the bundle hints at 1 s.
        _b.Options = _b.Options with { SvidLifetime = TimeSpan.FromSeconds(2), AuthorityLifetime = TimeSpan.FromSeconds(12) };
        await Task.WhenAll(_a.StartAsync(), _b.StartAsync());
        var (one, other) = (Node(_a, await BySpiffeAsync(_b)), Node(_b, null));
        var first = (await one.UntilAsync(snapshot => Knows(snapshot, _a.Id, _b.Domain))).FindBundle("uid", _b.Domain)!;

        // Seen once, judged by the time it was seen at: it lives for two seconds.
        var (svid, seen) = await RotatedAsync(other, first);
        await one.UntilAsync(snapshot => Verify(svid, domain => snapshot.FindBundle("uid", domain), seen));

        await _b.StopAsync();
        await one.UntilLoggedAsync("the bundle of b.test from");
        Assert.NotEmpty(one.Source.Current.FindBundle("uid", _b.Domain)!.Roots);
        Assert.NotNull(Assert.Single(((FederatedIdentitySource)one.Source).Federation).LastFetch);

        await _b.StartAsync();
        await one.UntilLoggedAsync("received again");
    }

    private async Task<(X509Svid Svid, DateTimeOffset Seen)> RotatedAsync(SourceRun node, TrustBundle former)
    {
        (X509Svid, DateTimeOffset)? found = null;
        await node.UntilAsync(snapshot =>
        {
            var now = TimeProvider.System.GetUtcNow();
            if (snapshot.FindSvid("uid", _b.Id) is { } svid && !Verify(svid, _ => former, now) && svid.IsValidAt(now))
                found ??= (svid, now);
            return found is not null;
        });
        return found!.Value;
    }

    /// <summary>A handshake as the product's, of two workloads, each judged by what the other's node holds.</summary>
    private static async Task<(string Heard, bool ServerIsKnown, bool ClientIsKnown)> SpeakAsync(
        IdentitySnapshot client, SpiffeId clientId, IdentitySnapshot server, SpiffeId serverId, SpiffeId? expected = null)
    {
        var ofServer = new PeerVerifier(client.FindBundle("uid", serverId.TrustDomain)!, expected ?? serverId, TimeProvider.System);
        var ofClient = new PeerVerifier(server.FindBundle("uid", clientId.TrustDomain)!, clientId, TimeProvider.System);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var dialled = new TcpClient();
        await dialled.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var accepted = await listener.AcceptTcpClientAsync().Soon();
        await using var clientTls = new SslStream(dialled.GetStream());
        await using var serverTls = new SslStream(accepted.GetStream());
        var serving = serverTls.AuthenticateAsServerAsync(TlsContexts.ForServer(server.FindSvid("uid", serverId)!, ofClient));
        var dialling = clientTls.AuthenticateAsClientAsync(TlsContexts.ForClient(client.FindSvid("uid", clientId)!, ofServer));
        if (await Record.ExceptionAsync(() => dialling.Soon()) is not null)
        {
            dialled.Close();
            await Record.ExceptionAsync(() => serving.Soon());
            return ("", ofServer.Found is { IsValid: true }, ofClient.Found is { IsValid: true });
        }

        await serving.Soon();
        await clientTls.WriteAsync("hello"u8.ToArray());
        var heard = new byte[5];
        await serverTls.ReadExactlyAsync(heard).AsTask().Soon();
        return (System.Text.Encoding.ASCII.GetString(heard), ofServer.Found is { IsValid: true }, ofClient.Found is { IsValid: true });
    }

    private static bool Verify(X509Svid svid, Func<TrustDomain, TrustBundle?> bundles, DateTimeOffset? at = null) =>
        SvidVerifier.Verify([svid.Certificate, .. svid.Intermediates], bundles, at ?? TimeProvider.System.GetUtcNow()).IsValid;

    private static bool Knows(IdentitySnapshot snapshot, SpiffeId own, TrustDomain other) =>
        snapshot.FindSvid("uid", own) is not null && snapshot.FindBundle("uid", own.TrustDomain) is not null && snapshot.FindBundle("uid", other) is not null;

    /// <summary>As an operator would: the first bundle by another way, here by curl without a look at who gives it.</summary>
    private async Task<FederationOptions> BySpiffeAsync(DomainLab other)
    {
        var (code, bundle) = await Tool.RunAsync("curl", "-q", "-s", "-k", "--noproxy", "*", other.SpiffeUrl);
        Assert.Equal(0, code);
        var file = _web.Put($"{other.Domain}.json", bundle);
        return Read("--federate", $"{other.Domain}={other.SpiffeUrl},spiffe://{other.Domain}/node-proxy/issuer", "--federate-bundle", $"{other.Domain}={file}");
    }

    private FederationOptions ByWeb(DomainLab other) => Read("--federate", $"{other.Domain}={other.WebUrl}", "--federate-ca", _web.RootFile);

    private static FederationOptions Read(params string[] arguments)
    {
        var domain = new Option<string>("--trust-domain") { DefaultValueFactory = _ => "cluster.local" };
        var command = new Command("run") { domain };
        var options = new FederateOptions();
        options.AddTo(command, domain);
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed);
    }

    private SourceRun Node(DomainLab domain, FederationOptions? federation)
    {
        var node = domain.RunNode(federation);
        _nodes.Add(node);
        return node;
    }
}
