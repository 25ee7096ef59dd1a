using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Spiffe;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Issuing;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>A Delegated Identity API whose SVIDs and roots change when a test says so, and never else.</summary>
internal sealed class RotatingDelegate : IAsyncDisposable
{
    private static readonly TrustDomain Domain = new("cluster.local");

    private readonly Lock _gate = new();
    private readonly List<CertificateAuthority> _all = [];
    private readonly Dictionary<string, string> _serials = [];
    private WebApplication? _application;
    private State _state;

    private RotatingDelegate()
    {
        var first = CreateAuthority();
        _state = new State(first, [first], 0, []);
    }

    /// <summary>How long an SVID is valid.</summary>
    public TimeSpan Life { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The serial numbers of the SVIDs that were sent last, one for each workload.</summary>
    public IReadOnlyList<string> Serials
    {
        get
        {
            lock (_gate)
                return [.. _serials.Values];
        }
    }

    public static async Task<RotatingDelegate> StartAsync(string socket)
    {
        var served = new RotatingDelegate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(served);
        served._application = builder.Build();
        served._application.MapGrpcService<Endpoint>();
        await served._application.StartAsync();
        return served;
    }

    /// <summary>Another SVID, with another key, for everybody.</summary>
    public void RotateLeaves() => Change(state => state with { Generation = state.Generation + 1 });

    /// <summary>One root more; it signs nothing yet.</summary>
    public void AddRoot() => Change(state => state with { Roots = [.. state.Roots, CreateAuthority()] });

    /// <summary>The newest root signs, and everybody gets an SVID by it.</summary>
    public void SignWithNewestRoot() => Change(state => state with { Signer = state.Roots[^1], Generation = state.Generation + 1 });

    /// <summary>Takes all roots out of the bundle but the one that signs.</summary>
    public void ForgetFormerRoots() => Change(state => state with { Roots = [state.Signer] });

    /// <summary>The workload has no entry any longer, or has one again.</summary>
    public void Withdraw(string account, bool isWithdrawn) => Change(state => state with
    {
        Withdrawn = isWithdrawn ? [.. state.Withdrawn, account] : [.. state.Withdrawn.Where(other => other != account)],
    });

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application!.StopAsync(now.Token);
        await _application.DisposeAsync();
        _all.ForEach(authority => authority.Dispose());
    }

    private CertificateAuthority CreateAuthority()
    {
        _all.Add(CertificateAuthority.Create(Domain, TimeProvider.System));
        return _all[^1];
    }

    private void Change(Func<State, State> change)
    {
        lock (_gate)
        {
            var before = _state;
            _state = change(before) with { Replaced = new(TaskCreationOptions.RunContinuationsAsynchronously) };
            before.Replaced.SetResult();
        }
    }

    private State Current()
    {
        lock (_gate)
            return _state;
    }

    private SubscribeToX509SVIDsResponse Issue(State state, string @namespace, string account)
    {
        var response = new SubscribeToX509SVIDsResponse();
        if (state.Withdrawn.Contains(account))
            return response;
        var svid = state.Signer.Issue(SpiffeId.Parse($"{Domain.Id}/ns/{@namespace}/sa/{account}"), Life);
        using var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(svid.Certificate.Span);
        lock (_gate)
            _serials[account] = certificate.SerialNumber;
        response.X509Svids.Add(new X509SVIDWithKey
        {
            X509Svid = new X509SVID
            {
                Id = new SPIFFEID { TrustDomain = Domain.Name, Path = svid.Id.Path },
                CertChain = { ByteString.CopyFrom(svid.Certificate.Span) },
            },
            X509SvidKey = ByteString.CopyFrom(svid.PrivateKey.Span),
        });
        return response;
    }

    /// <summary>What is served at one moment.</summary>
    private sealed record State(CertificateAuthority Signer, IReadOnlyList<CertificateAuthority> Roots, int Generation, IReadOnlyList<string> Withdrawn)
    {
        public TaskCompletionSource Replaced { get; init; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Endpoint(RotatingDelegate served) : DelegatedIdentity.DelegatedIdentityBase
    {
        public override async Task SubscribeToX509SVIDs(
            SubscribeToX509SVIDsRequest request, IServerStreamWriter<SubscribeToX509SVIDsResponse> responseStream, ServerCallContext context)
        {
            var (@namespace, account) = (ValueOf(request, "ns:"), ValueOf(request, "sa:"));
            State? said = null;
            while (true)
            {
                var state = served.Current();
                if (said is null || said.Generation != state.Generation || said.Withdrawn.Contains(account) != state.Withdrawn.Contains(account))
                    await responseStream.WriteAsync(served.Issue(state, @namespace, account), context.CancellationToken);
                said = state;
                await state.Replaced.Task.WaitAsync(context.CancellationToken);
            }
        }

        public override async Task SubscribeToX509Bundles(
            SubscribeToX509BundlesRequest request, IServerStreamWriter<SubscribeToX509BundlesResponse> responseStream, ServerCallContext context)
        {
            while (true)
            {
                var state = served.Current();
                var roots = state.Roots.SelectMany(root => root.RootCertificate.ToArray()).ToArray();
                await responseStream.WriteAsync(
                    new SubscribeToX509BundlesResponse { CaCertificates = { [Domain.Id.ToString()] = ByteString.CopyFrom(roots) } }, context.CancellationToken);
                await state.Replaced.Task.WaitAsync(context.CancellationToken);
            }
        }

        private static string ValueOf(SubscribeToX509SVIDsRequest request, string kind) =>
            request.Selectors.First(selector => selector.Value.StartsWith(kind, StringComparison.Ordinal)).Value[kind.Length..];
    }
}
