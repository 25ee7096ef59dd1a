using System.Text.RegularExpressions;

namespace Architecture.Tests;

/// <summary>Words that belong to certain rooms, or nowhere.</summary>
internal static partial class WordRules
{
    private static readonly (Regex Word, string[] Rooms)[] Rules =
    [
        (NativeWord(), ["Native"]),
        (UnsafeWord(), ["Native", "Engine", "Tls"]),
        (YarpWord(), ["Http"]),
        (KestrelWord(), ["Http", "Telemetry", "Admin", "Issuer"]),
        (KubernetesWord(), ["Cluster"]),
        (YamlWord(), ["Proxy.Policy"]),
        (ClockWord(), []),
    ];

    public static IEnumerable<string> Violations(SourceFile file) =>
        from rule in Rules
        where !rule.Rooms.Contains(file.Room)
        from Match word in rule.Word.Matches(file.Code)
        select $"{file.Path}:{file.LineOf(word.Index)}: {word.Value} is not for {file.Room}";

    [GeneratedRegex(@"\b(LibraryImport|DllImport|Marshal|NativeLibrary)\b")]
    private static partial Regex NativeWord();

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex UnsafeWord();

    [GeneratedRegex(@"\bYarp\b")]
    private static partial Regex YarpWord();

    [GeneratedRegex(@"\bMicrosoft\.AspNetCore\b")]
    private static partial Regex KestrelWord();

    [GeneratedRegex(@"\bk8s\b")]
    private static partial Regex KubernetesWord();

    [GeneratedRegex(@"\bYamlDotNet\b")]
    private static partial Regex YamlWord();

    [GeneratedRegex(@"\b(DateTime(Offset)?\.(UtcNow|Now|Today)|Stopwatch|Environment\.TickCount(64)?)\b")]
    private static partial Regex ClockWord();
}
