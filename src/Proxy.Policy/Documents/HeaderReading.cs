using System.Collections.Frozen;
using System.Text;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads what an HTTP rule says about headers.</summary>
internal sealed class HeaderReading(FaultLog faults)
{
    /// <summary>The longest value in bytes.</summary>
    public const int MaxValue = 4096;

    /// <summary>The most headers that one rule may name.</summary>
    public const int MaxHeaders = 64;

    private const string DefaultNamespace = "default";

    private static readonly FrozenDictionary<string, HeaderActionKind?> Actions = new Dictionary<string, HeaderActionKind?>
    {
        [""] = null,
        ["LOG"] = HeaderActionKind.Log,
        ["ADD"] = HeaderActionKind.Add,
        ["DELETE"] = HeaderActionKind.Delete,
        ["REPLACE"] = HeaderActionKind.Replace,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Both lists of a rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="ownNamespace">Where secrets without a namespace are.</param>
    public IReadOnlyList<HeaderMatch> Read(ManifestMapping rule, string ownNamespace)
    {
        var lines = rule.FindGiven("headers", faults)?.AsItems(faults) ?? [];
        var matches = rule.FindGiven("headerMatches", faults)?.AsItems(faults) ?? [];
        if (lines.Count + matches.Count > MaxHeaders)
        {
            faults.Add(rule, $"the rule names more than {MaxHeaders} headers");
            return [];
        }

        return [.. lines.Select(ReadLine).Concat(matches.Select(node => ReadMatch(node, ownNamespace))).OfType<HeaderMatch>()];
    }

    // "Name: value" is exact, "Name" asks for presence; the first blank splits, and a colon before it is dropped.
    private HeaderMatch? ReadLine(ManifestNode node)
    {
        if (node.AsText(faults) is not { } text)
            return null;

        var blank = text.IndexOf(' ', StringComparison.Ordinal);
        var name = (blank < 0 ? text : text[..blank]).TrimEnd(':');
        var value = blank < 0 ? null : text[(blank + 1)..];
        return CheckName(node, name) && (value is null || CheckValue(node, value)) ? new HeaderMatch(name, value) : null;
    }

    private HeaderMatch? ReadMatch(ManifestNode node, string ownNamespace)
    {
        if (node.AsMapping(faults) is not { } match)
            return null;

        KeySchema.HeaderMatch.Check(match, faults);
        var action = ReadAction(match);
        var secret = ReadSecret(match, ownNamespace);
        var value = match.FindGiven("value", faults) is { } given && given.AsText(faults) is { Length: > 0 } text && CheckValue(given, text) ? text : null;
        return ReadName(match, action) is { } name ? new HeaderMatch(name, value, secret, action) : null;
    }

    private string? ReadName(ManifestMapping match, HeaderActionKind? action)
    {
        if (match.FindGiven("name", faults) is not { } node)
        {
            if (match["name"] is null)
                faults.Add(match, "the name of the header is missing");
            return null;
        }

        if (node.AsText(faults) is not { } name || !CheckName(node, name))
            return null;

        if (action is null or HeaderActionKind.Log || HeaderSyntax.MayChange(name))
            return name;

        faults.Add(node, $"the header '{ManifestText.Show(name)}' frames or routes the request, so that it cannot be changed", "match it, or use LOG");
        return null;
    }

    private HeaderActionKind? ReadAction(ManifestMapping match) =>
        match.FindGiven("mismatch", faults) is { } node && node.TryAsWord(faults, Actions, out var action) ? action : null;

    private SecretName? ReadSecret(ManifestMapping match, string ownNamespace)
    {
        if (match.FindGiven("secret", faults)?.AsMapping(faults) is not { } secret)
            return null;

        KeySchema.HeaderSecret.Check(secret, faults);
        var place = secret.FindGiven("namespace", faults)?.AsText(faults) is { Length: > 0 } given ? given : ownNamespace;
        if (secret.FindGiven("name", faults) is { } node && node.AsText(faults) is { Length: > 0 } name)
            return new SecretName(place.Length > 0 ? place : DefaultNamespace, name);

        if (secret["name"] is not ManifestScalar { IsNull: true })
            faults.Add(secret, "the name of the secret is missing");
        return null;
    }

    private bool CheckName(ManifestNode node, string name)
    {
        if (HeaderSyntax.IsName(name))
            return true;

        var hint = name.StartsWith(':') ? "use method, path or host"
            : name.Contains(':', StringComparison.Ordinal) ? "write 'Name: value', with a blank" : "";
        faults.Add(node, "not the name of a header", hint);
        return false;
    }

    private bool CheckValue(ManifestNode node, string value)
    {
        if (Encoding.UTF8.GetByteCount(value) > MaxValue)
            faults.Add(node, $"the value is longer than {MaxValue} bytes");
        else if (!HeaderSyntax.IsValue(Encoding.UTF8.GetBytes(value)))
            faults.Add(node, "no header has such a value: it has control characters, or a blank at an end");
        else
            return true;

        return false;
    }
}
