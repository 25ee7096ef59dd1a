using Proxy.Policy.Labels;

namespace Proxy.Policy.Linting;

/// <summary>Whether two selectors may choose the same workload. Asked about very many pairs: it allocates nothing.</summary>
internal static class SubjectOverlap
{
    /// <summary>False only when some label cannot be as both want it.</summary>
    public static bool MayShare(LabelSelector one, LabelSelector other)
    {
        var (own, others) = (one.Requirements, other.Requirements);
        for (var i = 0; i < own.Count; i++)
        {
            for (var k = 0; k < others.Count; k++)
            {
                if (own[i].Key == others[k].Key && Exclude(own[i], others[k]))
                    return false;
            }
        }

        return true;
    }

    private static bool Exclude(LabelRequirement one, LabelRequirement other) => (one.Operator, other.Operator) switch
    {
        (LabelOperator.In, LabelOperator.In) => Shared(one, other) == 0,
        (LabelOperator.In, LabelOperator.NotIn) => Shared(one, other) == one.Values.Count,
        (LabelOperator.NotIn, LabelOperator.In) => Exclude(other, one),
        (LabelOperator.In or LabelOperator.Exists, LabelOperator.DoesNotExist) => true,
        (LabelOperator.DoesNotExist, LabelOperator.In or LabelOperator.Exists) => true,
        _ => false,
    };

    /// <summary>How many values of the one the other has.</summary>
    private static int Shared(LabelRequirement one, LabelRequirement other)
    {
        var count = 0;
        for (var i = 0; i < one.Values.Count; i++)
        {
            for (var k = 0; k < other.Values.Count; k++)
            {
                if (one.Values[i] != other.Values[k])
                    continue;
                count++;
                break;
            }
        }

        return count;
    }
}
