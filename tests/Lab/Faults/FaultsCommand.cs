using System.Globalization;

namespace Lab.Faults;

/// <summary>`lab faults`: the loop of faults with a seed that can be given again.</summary>
internal static class FaultsCommand
{
    private const string Usage = "usage: lab faults [--minutes N] [--seed S]";

    public static async Task<int> RunAsync(string[] args)
    {
        if (Read(args) is not { } plan)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var violations = await new FaultLoop(plan, Say).RunAsync();
        foreach (var violation in violations)
        {
            Console.WriteLine($"VIOLATION {violation}");
        }

        Console.WriteLine($"{violations.Count} violations, seed {plan.Seed}");
        return violations.Count == 0 ? 0 : 1;
    }

    internal static FaultPlan? Read(ReadOnlySpan<string> args)
    {
        var plan = new FaultPlan();
        for (; args.Length >= 2; args = args[2..])
        {
            if (args[0] == "--minutes" && double.TryParse(args[1], CultureInfo.InvariantCulture, out var minutes) && minutes > 0)
            {
                plan = plan with { Length = TimeSpan.FromMinutes(minutes) };
            }
            else if (args[0] == "--seed" && int.TryParse(args[1], CultureInfo.InvariantCulture, out var seed))
            {
                plan = plan with { Seed = seed };
            }
            else
            {
                return null;
            }
        }

        return args.IsEmpty ? plan : null;
    }

    private static void Say(string text) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {text}"));
}
