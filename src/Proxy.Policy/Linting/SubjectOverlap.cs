using Proxy.Policy.Labels;

namespace Proxy.Policy.Linting;

/// <summary>Whether two selectors may choose the same workload.</summary>
internal static class SubjectOverlap
{
    /// <summary>False only when some label cannot be as both want it.</summary>
    public static bool MayShare(LabelSelector one, LabelSelector other) =>
        !one.Requirements.Any(requirement => other.Requirements.Any(wanted => requirement.Key == wanted.Key && Exclude(requirement, wanted)));

    private static bool Exclude(LabelRequirement one, LabelRequirement other) => (one.Operator, other.Operator) switch
    {
        (LabelOperator.In, LabelOperator.In) => !one.Values.Intersect(other.Values).Any(),
        (LabelOperator.In, LabelOperator.NotIn) => one.Values.All(other.Values.Contains),
        (LabelOperator.NotIn, LabelOperator.In) => Exclude(other, one),
        (LabelOperator.In or LabelOperator.Exists, LabelOperator.DoesNotExist) => true,
        (LabelOperator.DoesNotExist, LabelOperator.In or LabelOperator.Exists) => true,
        _ => false,
    };
}
