using System.Xml.Linq;

namespace Architecture.Tests;

/// <summary>What a project file may ask for.</summary>
internal static class ProjectRules
{
    public static IEnumerable<string> ForeignPackages(string project, IReadOnlyCollection<string> allowed) =>
        Includes(project, "PackageReference").Where(package => !allowed.Contains(package));

    public static IEnumerable<string> References(string project) =>
        Includes(project, "ProjectReference").Concat(Includes(project, "FrameworkReference"));

    public static bool AllowsUnsafe(string project) =>
        XDocument.Parse(project).Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true");

    private static IEnumerable<string> Includes(string project, string element) =>
        XDocument.Parse(project).Descendants(element).Select(found => (string?)found.Attribute("Include") ?? "");
}
