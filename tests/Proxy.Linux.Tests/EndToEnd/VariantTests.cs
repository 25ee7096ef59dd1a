namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Every test over whole nodes runs in every variant of the lab, so that each value of each dimension sees each test.</summary>
public sealed class VariantTests
{
    private static readonly string[] Variants = [nameof(NftTwoWorkers), nameof(LegacyOneWorker)];

    public static TheoryData<string> Subjects => [.. typeof(VariantTests).Assembly.GetTypes()
        .Where(type => type.IsAbstract && type.Namespace == typeof(VariantTests).Namespace && type.Name.EndsWith("Tests", StringComparison.Ordinal))
        .Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Subjects))]
    public void A_test_over_whole_nodes_runs_in_every_variant(string subject)
    {
        var subjects = typeof(VariantTests).Assembly.GetTypes().Where(type => type.IsSealed && type.BaseType?.Name == subject);

        Assert.Equal(
            Variants.Order(StringComparer.Ordinal),
            subjects.Select(type => type.Namespace!.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal));
    }
}
