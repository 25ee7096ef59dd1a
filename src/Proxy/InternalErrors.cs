using Proxy.Capture;
using Proxy.Lifetime;
using Proxy.Policy;

namespace Proxy;

/// <summary>What is told of a connection whose story threw: the log has the exception, the flow says that it was our fault.</summary>
internal static class InternalErrors
{
    internal static ConnectionOutcome EndForBug(this ConnectionSeat seat, CapturedConnection captured, bool isOutbound)
    {
        var parties = new Parties(
            new Party(captured.Client.Endpoint, isOutbound ? captured.Pod.Workload : null),
            new Party(captured.Destination.Endpoint, isOutbound ? null : captured.Pod.Workload),
            null);
        return seat.Refuse(parties, isOutbound ? Direction.Egress : Direction.Ingress, OutcomeReason.InternalError);
    }
}
