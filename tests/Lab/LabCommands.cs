namespace Lab;

/// <summary>What a person does with labs that stand.</summary>
internal static class LabCommands
{
    public static int List()
    {
        foreach (var lab in LabDirectory.All())
        {
            Console.WriteLine($"{lab.Id}  {lab.FullPath}{(lab.IsKept ? "  (kept)" : "")}");
        }

        return 0;
    }

    public static async Task<int> DownAsync(Func<LabDirectory, bool> isMeant)
    {
        await LabDirectory.ReapAsync();
        foreach (var lab in LabDirectory.All().Where(isMeant).ToList())
        {
            await lab.RemoveAsync();
            Console.WriteLine($"removed lab {lab.Id}");
        }

        return 0;
    }
}
