namespace Proxy.Lifetime;

/// <summary>How a connection ended: one reason, and what an operator may want to read about it (never secret).</summary>
internal readonly record struct ConnectionOutcome(OutcomeReason Reason, string Detail)
{
    /// <summary>Ended by its own ends, in order or not; everything else was refused or failed here.</summary>
    internal bool WasServed => Reason is OutcomeReason.Completed or OutcomeReason.Reset;
}
