using System.Text;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe.X509;
using Proxy.Telemetry;

namespace Proxy.Lifetime;

/// <summary>How each reason is written, what it is to Hubble, and where it comes from.</summary>
internal static class OutcomeReasons
{
    private static readonly string[] Texts = Array.ConvertAll(Enum.GetNames<OutcomeReason>(), ToKebabCase);

    /// <summary>The reason as flows, logs and metrics show it: <c>no-client-svid</c>.</summary>
    internal static string Text(this OutcomeReason reason) => Texts[(int)reason];

    /// <summary>The reason with this text; <see cref="OutcomeReason.PeerRefused"/> when there is none, or it says that nothing was refused.</summary>
    internal static OutcomeReason FromPeer(string text) =>
        Array.IndexOf(Texts, text) is var index and > (int)OutcomeReason.Reset ? (OutcomeReason)index : OutcomeReason.PeerRefused;

    /// <summary>True when the refusal rests on who the peer is, rather than on what it may do.</summary>
    internal static bool IsAboutIdentity(this OutcomeReason reason) =>
        reason is OutcomeReason.AuthenticationRequired or OutcomeReason.HandshakeFailed or OutcomeReason.HandshakeTimedOut
            or (>= OutcomeReason.NoClientSvid and <= OutcomeReason.SvidOutlived);

    internal static DropReason ToDropReason(this OutcomeReason reason) => reason switch
    {
        OutcomeReason.PolicyDenied or OutcomeReason.PolicyUnreadable or OutcomeReason.PolicyChanged or OutcomeReason.GateRequired => DropReason.PolicyDenied,
        OutcomeReason.UnknownClient => DropReason.UnknownSender,
        OutcomeReason.DisputedWorkload => DropReason.InvalidIdentity,
        OutcomeReason.SpoofedClient => DropReason.InvalidSourceIp,
        OutcomeReason.NoEndpoint => DropReason.ServiceBackendNotFound,
        OutcomeReason.TooManyConnections or OutcomeReason.OutOfResources => DropReason.RateLimited,
        OutcomeReason.MalformedHttp or OutcomeReason.TunnelProtocol => DropReason.InvalidPacket,
        OutcomeReason.InternalError => DropReason.HostNotReady,
        OutcomeReason.UnknownServer or OutcomeReason.PortNotOffered or OutcomeReason.WorkloadChanged => DropReason.StaleOrUnroutableIp,
        OutcomeReason.ServerRefused or OutcomeReason.ServerTimedOut or OutcomeReason.ServerUnreachable => DropReason.StaleOrUnroutableIp,
        OutcomeReason.TunnelBroken or OutcomeReason.PeerRefused or OutcomeReason.IdleTimedOut or OutcomeReason.HalfOpenTimedOut => DropReason.StaleOrUnroutableIp,
        _ when reason.IsAboutIdentity() => DropReason.AuthenticationRequired,
        // Ended by its own ends; docs/REASONS.md, and its test, name whatever else has none.
        _ => DropReason.None,
    };

    internal static OutcomeReason From(VerdictReason reason) => reason switch
    {
        VerdictReason.AuthenticationRequired or VerdictReason.AlwaysFails => OutcomeReason.AuthenticationRequired,
        VerdictReason.DocumentRefused => OutcomeReason.PolicyUnreadable,
        _ => OutcomeReason.PolicyDenied,
    };

    internal static OutcomeReason From(SvidFault fault) => fault switch
    {
        SvidFault.NoCertificate => OutcomeReason.PeerWithoutCertificate,
        SvidFault.NoBundle => OutcomeReason.NoBundle,
        SvidFault.Untrusted => OutcomeReason.PeerUntrusted,
        SvidFault.IssuerNotFetched => OutcomeReason.PeerIssuerNotFetched,
        SvidFault.Expired => OutcomeReason.PeerExpired,
        SvidFault.NotYetValid => OutcomeReason.PeerNotYetValid,
        SvidFault.NoUriSan => OutcomeReason.PeerWithoutSpiffeId,
        SvidFault.SeveralUriSans => OutcomeReason.PeerSeveralUriNames,
        SvidFault.UnexpectedId => OutcomeReason.PeerUnexpectedId,
        _ => OutcomeReason.PeerMalformedSvid,
    };

    internal static OutcomeReason From(SocketFault fault) => fault switch
    {
        SocketFault.Refused or SocketFault.Reset => OutcomeReason.ServerRefused,
        SocketFault.TimedOut => OutcomeReason.ServerTimedOut,
        SocketFault.OutOfDescriptors or SocketFault.OutOfMemory or SocketFault.AddressInUse or SocketFault.AddressNotAvailable => OutcomeReason.OutOfResources,
        _ => OutcomeReason.ServerUnreachable,
    };

    private static string ToKebabCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var character in name)
        {
            if (char.IsUpper(character) && text.Length > 0)
                text.Append('-');
            text.Append(char.ToLowerInvariant(character));
        }

        return text.ToString();
    }
}
