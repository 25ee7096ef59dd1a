using Proxy.Policy;

namespace Proxy.Lifetime;

/// <summary>The HTTP rules of both ends that this node judges requests by: a request must pass each of the two that is there.</summary>
/// <param name="egress">Of the client's side; null when that side lets every request through.</param>
/// <param name="ingress">Of the server's side; null when that side lets every request through, or its own node judges.</param>
internal sealed class RequestRules(HttpRuleSet? egress, HttpRuleSet? ingress)
{
    /// <summary>Null when neither side looks at requests.</summary>
    internal static RequestRules? Of(HttpRuleSet? egress, HttpRuleSet? ingress) =>
        egress is null && ingress is null ? null : new RequestRules(egress, ingress);

    /// <summary>Whether a rule of either side speaks of header fields.</summary>
    internal bool LooksAtHeaders => egress is { LooksAtHeaders: true } || ingress is { LooksAtHeaders: true };

    internal bool Allow(in RequestFacts request) => Decide(request, out _).IsAllowed;

    /// <summary>As two nodes would: the server's side looks at the header fields that the client's side has sent on.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="side">Whose answer it is: of the client's side if that refuses or is the only one to ask.</param>
    internal RequestVerdict Decide(in RequestFacts request, out Direction side)
    {
        var first = egress?.Decide(request) ?? new RequestVerdict(true, null);
        side = ingress is null || !first.IsAllowed ? Direction.Egress : Direction.Ingress;
        if (side == Direction.Egress)
            return first;
        var second = ingress!.Decide(first.Actions.ChangesFields ? Changed(request, first.Actions) : request);
        if (!second.IsAllowed)
            return second;
        return second with { Audited = first.Audited || second.Audited, Actions = first.Actions.Then(second.Actions) };
    }

    private static RequestFacts Changed(in RequestFacts request, in HeaderActions actions) => new(request.Method, request.Target, request.Host)
    {
        Headers = actions.Apply(request.Headers),
        HasSettledTarget = request.HasSettledTarget,
    };
}
