using Grpc.Core;
using Proxy.Issuer;
using Proxy.Native;
using Proxy.Spiffe;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.X509;

namespace Proxy.Tests.Issuer;

public sealed class IssuerServerTests : IAsyncDisposable
{
    // Promise 4: a change is in force within a second.
    private static readonly TimeSpan WithinASecond = TimeSpan.FromSeconds(1);
    private static readonly SpiffeId Client = IssuerLab.Client;

    private readonly IssuerLab _lab = new();

    [Fact]
    public async Task A_registered_workload_gets_an_SVID_that_its_bundle_verifies()
    {
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("client"), IssuerLab.Pod("stranger"));
        var snapshot = await _lab.UntilAsync(s => Has(s) && s.FindBundle(Client.TrustDomain) is not null);
        var svid = snapshot.FindSvid("uid-client", Client)!;
        Assert.True(SvidVerifier.Verify([svid.Certificate], snapshot.FindBundle, TimeProvider.System.GetUtcNow()).IsValid);
        Assert.True(svid.Certificate.HasPrivateKey);
        Assert.DoesNotContain(snapshot.Svids, held => held.Uid == "uid-stranger");
        Assert.True(_lab.Source.IsConnected);
        Assert.Null(_lab.Source.LastError);
        await _lab.UntilLoggedAsync("no SVID for default/pod-stranger");
    }

    [Fact]
    public async Task An_entry_that_is_withdrawn_takes_the_SVID_with_it_and_gives_it_back()
    {
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("client"));
        await _lab.UntilAsync(Has);
        _lab.WriteEntries("entries: []\n");
        await _lab.UntilAsync(s => !Has(s), WithinASecond);
        _lab.RenameOverEntries(IssuerLab.Entry("client"));
        await _lab.UntilAsync(Has, WithinASecond);
        _lab.RenameOverEntries(IssuerLab.Entry("other"));
        await _lab.UntilAsync(s => !Has(s), WithinASecond);
    }

    [Theory]
    [InlineData("entries: [", ":1:")]
    [InlineData("entries:\n  - spiffeId: spiffe://cluster.local/x\n    selectors: []\n", ":2:")]
    [InlineData("entries:\n  - spiffeId: spiffe://elsewhere/x\n    selectors: [\"k8s:ns:a\"]\n", ":2:")]
    [InlineData("entries:\n  - spiffeId: spiffe://cluster.local/x\n    selector: [\"k8s:ns:a\"]\n", ":3:")]
    [InlineData("entries:\n  - spiffeId: spiffe://cluster.local/x/\n    selectors: [\"k8s:ns:a\"]\n", "TrailingSlash")]
    [InlineData("", ":1:")]
    public async Task A_broken_entries_file_is_reported_and_changes_nothing(string content, string place)
    {
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("client"));
        var before = await _lab.UntilAsync(Has);
        _lab.RenameOverEntries(content);
        await _lab.UntilLoggedAsync("the last good entries of this file stay in force");
        Assert.Contains($"{_lab.Options.EntriesFile}:", _lab.Log, StringComparison.Ordinal);
        Assert.Contains(place, _lab.Log, StringComparison.Ordinal);
        Assert.True(Has(_lab.Source.Current));
        Assert.Equal(Serial(before), Serial(_lab.Source.Current));
    }

    [Fact]
    public async Task The_pods_of_the_manifests_are_registered_while_they_are_there()
    {
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("xwing"));
        await _lab.UntilLoggedAsync("no SVID for default/pod-xwing");
        var path = Path.Combine(_lab.Options.ManifestDirectory!, "xwing.yaml");
        await File.WriteAllTextAsync(path, "apiVersion: v1\nkind: Pod\nmetadata: {name: xwing}\nspec: {serviceAccountName: xwing}\n", TestContext.Current.CancellationToken);
        var id = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/xwing");
        await _lab.UntilAsync(s => s.FindSvid("uid-xwing", id) is not null, WithinASecond);
        File.Delete(path);
        await _lab.UntilAsync(s => s.FindSvid("uid-xwing", id) is null, WithinASecond);
    }

    [Fact]
    public async Task An_SVID_is_replaced_at_half_of_its_life_with_a_new_key()
    {
        _lab.Options = _lab.Options with { SvidLifetime = TimeSpan.FromSeconds(4) };
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("client"));
        var first = (await _lab.UntilAsync(Has)).FindSvid("uid-client", Client)!;
        var second = (await _lab.UntilAsync(s => Has(s) && Serial(s) != first.Serial)).FindSvid("uid-client", Client)!;
        Assert.True(second.NotBefore.AddSeconds(30) < first.ExpiresAt);
        Assert.NotEqual(first.Certificate.GetPublicKeyString(), second.Certificate.GetPublicKeyString());
    }

    [Fact]
    public async Task A_restart_keeps_the_authority_and_the_last_good_state()
    {
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("client"));
        var before = await _lab.UntilAsync(s => Has(s) && s.FindBundle(Client.TrustDomain) is not null);
        await _lab.StopIssuerAsync();
        await _lab.UntilLoggedAsync("the bundles from");
        Assert.False(_lab.Source.IsConnected);
        Assert.NotNull(_lab.Source.LastError);
        Assert.Equal(Serial(before), Serial(_lab.Source.Current));
        await _lab.StartIssuerAsync();
        var after = await _lab.UntilAsync(s => Serial(s) != Serial(before));
        Assert.True(after.FindBundle(Client.TrustDomain)!.HasSameContent(before.FindBundle(Client.TrustDomain)!));
        await _lab.UntilLoggedAsync("received again");
    }

    [Fact]
    public async Task The_set_of_workloads_can_change_while_the_source_runs()
    {
        _lab.WriteEntries(IssuerLab.Entry("client") + IssuerLab.Entry("other").Replace("entries:\n", "", StringComparison.Ordinal));
        await _lab.StartIssuerAsync();
        _lab.StartReading(IssuerLab.Pod("client"));
        var first = await _lab.UntilAsync(Has);
        _lab.Source.Track([IssuerLab.Pod("client"), IssuerLab.Pod("other")]);
        var both = await _lab.UntilAsync(s => s.Svids.Count() == 2 && s.FindBundle(Client.TrustDomain) is not null);
        Assert.Equal(Serial(first), Serial(both));
        _lab.Source.Track([IssuerLab.Pod("other"), IssuerLab.Pod("client")]);
        Assert.Same(both, _lab.Source.Current);
        _lab.Source.Track([IssuerLab.Pod("other")]);
        var one = await _lab.UntilAsync(s => s.Svids.All(held => held.Uid == "uid-other"));
        Assert.Equal(both.Revision + 1, one.Revision);
    }

    [Fact]
    public async Task More_workloads_than_one_connection_usually_takes_streams_are_served()
    {
        await _lab.StartIssuerAsync();
        _lab.StartReading([.. Enumerable.Range(0, 150).Select(i => IssuerLab.Pod("client") with { Uid = $"uid-{i}", Name = $"pod-{i}" })]);
        var snapshot = await _lab.UntilAsync(s => s.Svids.Count() == 150);
        Assert.Equal(150, snapshot.Svids.Select(held => held.Svid.Serial).Distinct().Count());
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_refused()
    {
        await _lab.StartIssuerAsync();
        Assert.Equal(StatusCode.InvalidArgument, await AskAsync(new SubscribeToX509SVIDsRequest()));
        Assert.Equal(StatusCode.InvalidArgument, await AskAsync(new SubscribeToX509SVIDsRequest { Pid = 1, Selectors = { Select("k8s", "ns:a") } }));
        Assert.Equal(StatusCode.InvalidArgument, await AskAsync(new SubscribeToX509SVIDsRequest { Selectors = { Select("", "ns:a") } }));
        Assert.Equal(StatusCode.InvalidArgument, await AskAsync(new SubscribeToX509SVIDsRequest { Selectors = { Select("k8s", "") } }));
        Assert.Equal(StatusCode.InvalidArgument, await AskAsync(new SubscribeToX509SVIDsRequest { Selectors = { Select("k8s:ns", "a") } }));
        Assert.Equal(StatusCode.Unimplemented, await AskAsync(new SubscribeToX509SVIDsRequest { Pid = 1 }));
        Assert.Equal(StatusCode.OK, await AskAsync(new SubscribeToX509SVIDsRequest { Selectors = { Select("k8s", "ns:a") } }));
    }

    [Fact]
    public async Task The_socket_and_the_state_are_private()
    {
        await _lab.StartIssuerAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_lab.Options.SocketPath));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(_lab.Options.StateDirectory));
    }

    [Fact]
    public async Task A_socket_left_by_a_dead_process_is_replaced_and_a_living_one_is_not()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_lab.Options.SocketPath)!);
        using (var dead = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
        {
            dead.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(_lab.Options.SocketPath + ".tmp"));
            File.Move(_lab.Options.SocketPath + ".tmp", _lab.Options.SocketPath);
        }

        Assert.True(File.Exists(_lab.Options.SocketPath));
        await _lab.StartIssuerAsync();
        var second = await Assert.ThrowsAsync<IOException>(() => IssuerServer.StartAsync(_lab.Options, TimeProvider.System, _ => { }));
        Assert.Contains("served by another process", second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ordinary_file_in_the_place_of_the_socket_is_not_removed()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_lab.Options.SocketPath)!);
        await File.WriteAllTextAsync(_lab.Options.SocketPath, "", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<IOException>(_lab.StartIssuerAsync);
        Assert.True(File.Exists(_lab.Options.SocketPath));
    }

    [Theory]
    [InlineData(0u, 1000u, true)]
    [InlineData(1000u, 1000u, true)]
    [InlineData(1001u, 1000u, false)]
    [InlineData(1000u, 0u, false)]
    public void Only_the_issuers_own_user_and_root_may_ask(uint caller, uint own, bool isAllowed) =>
        Assert.Equal(isAllowed, Caller.IsAllowed(caller, own));

    [Fact]
    public async Task Whoever_is_given_the_Workload_APIs_directory_should_not_get_the_other_socket_with_it()
    {
        _lab.Options = _lab.Options with { WorkloadSocketPath = Path.Combine(Path.GetDirectoryName(_lab.Options.SocketPath)!, "workload.sock") };

        await _lab.StartIssuerAsync();

        Assert.Contains("a container that is given that directory gets the keys of all workloads", _lab.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/run/a/issuer.sock", "/run/a/workload.sock", true)]
    [InlineData("/run/a/b/issuer.sock", "/run/a/workload.sock", true)]
    [InlineData("/run/issuer.sock", "/run/a/workload.sock", false)]
    [InlineData("/run/ab/issuer.sock", "/run/a/workload.sock", false)]
    [InlineData("/run/b/../a/issuer.sock", "/run/a/workload.sock", true)]
    [InlineData("/issuer.sock", "/workload.sock", true)]
    public void A_directory_holds_what_is_below_it(string socket, string everybodys, bool isHandedOut) =>
        Assert.Equal(isHandedOut, IssuerServer.IsHandedOutWith(socket, everybodys));

    [Fact]
    public async Task The_kernel_names_the_peer_of_a_Unix_socket()
    {
        await _lab.StartIssuerAsync();
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(_lab.Options.SocketPath), TestContext.Current.CancellationToken);
        Assert.Equal(UnixPeer.OwnUserId, UnixPeer.Read(socket).UserId);
    }

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    private static bool Has(IdentitySnapshot snapshot) => snapshot.FindSvid("uid-client", Client) is not null;

    private static string? Serial(IdentitySnapshot snapshot) => snapshot.FindSvid("uid-client", Client)?.Serial;

    private static Selector Select(string type, string value) => new() { Type = type, Value = value };

    private async Task<StatusCode> AskAsync(SubscribeToX509SVIDsRequest request)
    {
        using var channel = ApiChannel.Open(_lab.Options.SocketPath);
        using var call = new DelegatedIdentity.DelegatedIdentityClient(channel).SubscribeToX509SVIDs(request, cancellationToken: TestContext.Current.CancellationToken);
        try
        {
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Empty(call.ResponseStream.Current.X509Svids);
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }
}
