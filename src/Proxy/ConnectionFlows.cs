using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Telemetry;

namespace Proxy;

/// <summary>Tells the flow ring what became of a connection, as Hubble would.</summary>
internal static class ConnectionFlows
{
    /// <summary>
    /// The connection goes on. What documents under audit would have refused is told in place of it, of the client's side by
    /// the client's node.
    /// </summary>
    /// <param name="ring">Where it is told.</param>
    /// <param name="parties">Who speaks to whom.</param>
    /// <param name="judgement">Why the connection goes on.</param>
    /// <param name="isOurs">Whether the server's side is ours to tell of.</param>
    internal static void WriteAdmitted(FlowRing ring, in Parties parties, in Judgement judgement, bool isOurs)
    {
        if (judgement.EgressAudit is { } egress)
            WriteAudited(ring, parties, egress, Direction.Egress);
        if (!isOurs)
            return;
        if (judgement.IngressAudit is { } ingress)
            WriteAudited(ring, parties, ingress, Direction.Ingress);
        else if (judgement.EgressAudit is null)
            WriteAllowed(ring, parties, judgement);
    }

    private static void WriteAudited(FlowRing ring, in Parties parties, Verdict audit, Direction direction) => ring.Write(new FlowEvent
    {
        Kind = FlowKind.PolicyVerdict,
        Verdict = FlowVerdict.Audit,
        Direction = direction,
        Transport = parties.Protocol,
        Source = EndOf(parties.Client),
        Destination = EndOf(parties.Server, parties),
        Match = audit.Match,
        AuthSpire = audit.Authentication == AuthenticationMode.Required,
        Rules = audit.Rules,
    });

    /// <summary>The connection goes on; a gate shows as a redirection to the proxy.</summary>
    private static void WriteAllowed(FlowRing ring, in Parties parties, in Judgement judgement) => ring.Write(new FlowEvent
    {
        Kind = judgement.Deciding.IsIsolated ? FlowKind.PolicyVerdict : FlowKind.ToEndpoint,
        Verdict = judgement.Http is null ? FlowVerdict.Forwarded : FlowVerdict.Redirected,
        Direction = judgement.Direction,
        Transport = parties.Protocol,
        Source = EndOf(parties.Client),
        Destination = EndOf(parties.Server, parties),
        Match = judgement.Deciding.Match,
        AuthSpire = judgement.Deciding.Authentication == AuthenticationMode.Required,
        Rules = judgement.Deciding.Rules,
    });

    /// <summary>Policy refused: the verdict, then the drop; a reason is given only where policy alone does not explain it.</summary>
    internal static void WriteDenied(FlowRing ring, in Parties parties, in Judgement judgement, OutcomeReason reason)
    {
        ring.Write(new FlowEvent
        {
            Kind = FlowKind.PolicyVerdict,
            Verdict = FlowVerdict.Dropped,
            Direction = judgement.Direction,
            Transport = parties.Protocol,
            Source = EndOf(parties.Client),
            Destination = EndOf(parties.Server, parties),
            Match = judgement.Deciding.Match,
            AuthSpire = judgement.Deciding.Authentication == AuthenticationMode.Required,
            DropReason = reason.ToDropReason(),
            Rules = judgement.Deciding.Rules,
        });
        WriteDrop(ring, parties, judgement.Direction, reason, reason == OutcomeReason.PolicyDenied ? "" : reason.Text());
    }

    /// <summary>Something else than policy refused.</summary>
    internal static void WriteRefused(FlowRing ring, in Parties parties, Direction direction, OutcomeReason reason) =>
        WriteDrop(ring, parties, direction, reason, reason.Text());

    /// <summary>A live connection was cut.</summary>
    internal static void WriteCut(FlowRing ring, in Parties parties, OutcomeReason reason) =>
        WriteDrop(ring, parties, Direction.Ingress, reason, reason.Text());

    /// <summary>A request or response was not well formed; the reason says how.</summary>
    internal static void WriteMalformed(FlowRing ring, in Parties parties, GateFault fault) =>
        WriteDrop(ring, parties, Direction.Ingress, OutcomeReason.MalformedHttp, fault.Reason());

    private static void WriteDrop(FlowRing ring, in Parties parties, Direction direction, OutcomeReason reason, string text) => ring.Write(new FlowEvent
    {
        Kind = FlowKind.Drop,
        Verdict = FlowVerdict.Dropped,
        Direction = direction,
        Transport = parties.Protocol,
        Source = Known(EndOf(parties.Client), reason != OutcomeReason.UnknownClient),
        Destination = Known(EndOf(parties.Server, parties), reason != OutcomeReason.UnknownServer),
        DropReason = reason.ToDropReason(),
        Reason = text,
    });

    // A pod's address that nobody is known to have is not the outside world.
    private static FlowEndpoint Known(in FlowEndpoint end, bool isKnown) =>
        isKnown || end.Workload is not null ? end : end with { Identity = Identity.Unknown };

    internal static FlowEndpoint EndOf(in Party party) =>
        new(party.Endpoint.Address, party.Endpoint.Port, party.Workload, party.Identity);

    internal static FlowEndpoint EndOf(in Party party, in Parties parties) =>
        new(party.Endpoint.Address, party.Endpoint.Port, party.Workload, party.Identity,
            parties.Service is { } service ? new ServiceName(service.Namespace, service.Name) : null);
}
