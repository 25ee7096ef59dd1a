using Google.Protobuf;
using Grpc.Core;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Issuer;

/// <summary>
/// What the Workload API and the Broker API have in common: streams of the SVIDs of one workload, each with its bundle, and of
/// its bundles. They go on while a registration entry matches the workload.
/// </summary>
internal sealed class IdentityStreams(
    IssuerOptions options, RotatingAuthority authority, Registrations registrations, TimeProvider time, StreamLoop loop)
{
    /// <summary>Sends the SVIDs whenever they, or the bundle beside them, are others.</summary>
    /// <param name="context">The call.</param>
    /// <param name="refusal">What is said where no entry matches.</param>
    /// <param name="known">What is known of the workload; throws where there is none.</param>
    /// <param name="send">Sends all that is held.</param>
    /// <exception cref="RpcException">No entry matches, or the issuer stops.</exception>
    public async Task SendSvidsAsync(
        ServerCallContext context,
        string refusal,
        Func<RegistrationSnapshot, IReadOnlySet<Selector>> known,
        Func<IEnumerable<X509SVID>, CancellationToken, Task> send)
    {
        var held = new HeldSvids(authority, options.SvidLifetime, time);
        Task? answered = null;
        await loop.RunAsync(context, async stop =>
        {
            var (entries, replaced) = (registrations.Current, authority.Replaced);
            if (held.Update(Match(entries, known, refusal)) | answered != replaced)
                await send(MessagesOf(held.Svids, ApiBytes.Of(authority.Bundle)), stop);
            answered = replaced;
            await loop.WaitAsync(held.UntilRotation, stop, entries.Replaced, replaced);
        });
    }

    /// <summary>Sends the bundles, by trust domain, whenever they are others.</summary>
    /// <param name="context">The call.</param>
    /// <param name="refusal">What is said where no entry matches.</param>
    /// <param name="known">What is known of the workload; throws where there is none.</param>
    /// <param name="send">Sends a trust domain's ID with its bundle.</param>
    /// <exception cref="RpcException">No entry matches, or the issuer stops.</exception>
    public async Task SendBundlesAsync(
        ServerCallContext context,
        string refusal,
        Func<RegistrationSnapshot, IReadOnlySet<Selector>> known,
        Func<string, ByteString, CancellationToken, Task> send)
    {
        Task? answered = null;
        await loop.RunAsync(context, async stop =>
        {
            var (entries, replaced) = (registrations.Current, authority.Replaced);
            _ = Match(entries, known, refusal);
            if (answered != replaced)
                await send(authority.TrustDomain.Id.ToString(), ApiBytes.Of(authority.Bundle), stop);
            answered = replaced;
            await Task.WhenAny(entries.Replaced, replaced).WaitAsync(stop);
        });
    }

    private static IEnumerable<X509SVID> MessagesOf(IEnumerable<IssuedSvid> svids, ByteString bundle) => svids.Select(svid => new X509SVID
    {
        SpiffeId = svid.Id.ToString(),
        X509Svid = ByteString.CopyFrom(svid.Certificate.Span),
        X509SvidKey = ByteString.CopyFrom(svid.PrivateKey.Span),
        Bundle = bundle,
    });

    private static SpiffeId[] Match(RegistrationSnapshot entries, Func<RegistrationSnapshot, IReadOnlySet<Selector>> known, string refusal) =>
        entries.Match(known(entries)).ToArray() is { Length: > 0 } ids
            ? ids
            : throw new RpcException(new Status(StatusCode.PermissionDenied, refusal));
}
