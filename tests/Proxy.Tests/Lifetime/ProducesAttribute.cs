using Proxy.Lifetime;

namespace Proxy.Tests.Lifetime;

/// <summary>The test makes a connection end with each of these reasons, and asserts it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProducesAttribute(params OutcomeReason[] reasons) : Attribute
{
    public OutcomeReason[] Reasons => reasons;
}
