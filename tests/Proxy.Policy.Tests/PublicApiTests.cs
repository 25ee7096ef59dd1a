using Proxy.Spiffe.Tests;

namespace Proxy.Policy.Tests;

/// <summary>What others may rely on changes only where somebody means it to.</summary>
public sealed class PublicApiTests
{
    private const string Snapshot = "PublicApi.txt";

    [Fact]
    public void The_public_api_is_the_one_that_was_agreed_on()
    {
        var committed = Path.Combine(Root(), "tests", "Proxy.Policy.Tests", Snapshot);
        var found = Path.Combine(AppContext.BaseDirectory, Snapshot);
        var text = PublicApiText.Of(typeof(PolicySnapshot).Assembly);
        File.WriteAllText(found, text);
        var agreed = File.Exists(committed) ? File.ReadAllText(committed) : "";
        Assert.True(text == agreed, $"""
            The public API of Proxy.Policy is another one now:
            {string.Join('\n', Differences(agreed.Split('\n'), text.Split('\n')))}
            If that is meant, take it over and commit it:
                cp {found} {committed}
            """);
    }

    private static IEnumerable<string> Differences(string[] before, string[] now) =>
        before.Except(now).Select(line => $"- {line}").Concat(now.Except(before).Select(line => $"+ {line}"));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Proxy.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException($"No Proxy.sln above {AppContext.BaseDirectory}.");
        return folder.FullName;
    }
}
