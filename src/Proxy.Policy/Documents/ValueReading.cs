using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Proxy.Policy.Documents;

/// <summary>Reads values as the Kubernetes API would: a string must be a string, null is absent.</summary>
internal static class ValueReading
{
    private static readonly string[] BooleanWords = ["true", "false", "yes", "no", "on", "off"];

    /// <summary>The value of a key, or null if it is absent or null.</summary>
    public static ManifestNode? Find(this ManifestMapping mapping, string key) =>
        mapping[key] is ManifestScalar { IsNull: true } ? null : mapping[key];

    /// <summary>
    /// The value of a key that restricts, or null if it is absent. Kubernetes reads an empty value as an absent one,
    /// which here would widen what somebody began to restrict: it is refused.
    /// </summary>
    public static ManifestNode? FindGiven(this ManifestMapping mapping, string key, FaultLog faults)
    {
        if (mapping[key] is not ManifestScalar { IsNull: true } empty)
            return mapping[key];

        faults.Add(empty, "the value is missing", "give it a value, or remove the key");
        return null;
    }

    public static ManifestMapping? AsMapping(this ManifestNode node, FaultLog faults)
    {
        if (node is ManifestMapping mapping)
            return mapping;

        faults.Add(node, "expected a mapping of keys to values");
        return null;
    }

    public static IReadOnlyList<ManifestNode> AsItems(this ManifestNode node, FaultLog faults)
    {
        if (node is ManifestSequence sequence)
            return sequence.Items;

        faults.Add(node, "expected a list", node is ManifestMapping ? "put a '-' before the item" : "");
        return [];
    }

    /// <summary>A string; a number or a truth value without quotes is none.</summary>
    public static string? AsText(this ManifestNode node, FaultLog faults)
    {
        if (node is ManifestScalar scalar && IsString(scalar))
            return scalar.Value;

        faults.Add(node, "expected a string", node is ManifestScalar ? "put the value in quotes" : "");
        return null;
    }

    /// <summary>One of the words of a table.</summary>
    public static bool TryAsWord<T>(
        this ManifestNode node, FaultLog faults, IReadOnlyDictionary<string, T> words, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node.AsText(faults) is not { } text)
            return false;

        if (words.TryGetValue(text, out value))
            return true;

        var nearest = Spelling.Nearest(text, words.Keys.Where(word => word.Length > 0));
        var hint = nearest is null ? $"one of {string.Join(", ", words.Keys.Where(word => word.Length > 0))}" : $"did you mean '{nearest}'?";
        faults.Add(node, $"unknown value '{ManifestText.Show(text)}'", hint);
        return false;
    }

    /// <summary>True or false; the other words that YAML has for them are refused, because readers differ about them.</summary>
    public static bool? AsTruth(this ManifestNode node, FaultLog faults)
    {
        if (node is ManifestScalar { IsQuoted: false, Value: "true" or "True" or "TRUE" })
            return true;

        if (node is ManifestScalar { IsQuoted: false, Value: "false" or "False" or "FALSE" })
            return false;

        faults.Add(node, "expected true or false", "write true or false, without quotes");
        return null;
    }

    /// <summary>A whole number without quotes, in decimal digits.</summary>
    public static int? AsNumber(this ManifestNode node, FaultLog faults)
    {
        if (node is ManifestScalar { IsQuoted: false } scalar && IsDecimal(scalar.Value)
            && int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;

        var isQuoted = node is ManifestScalar { IsQuoted: true } quoted && IsDecimal(quoted.Value);
        faults.Add(node, "expected a whole number", isQuoted ? "write it without quotes" : "");
        return null;
    }

    // The system's reader of numbers takes a NUL behind them, and a leading zero is octal to others.
    private static bool IsDecimal(string text) =>
        text.Length is > 0 and <= 10 && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0');

    private static bool IsString(ManifestScalar scalar) =>
        scalar.IsQuoted || !(scalar.IsNull || IsBoolean(scalar.Value) || IsNumber(scalar.Value));

    private static bool IsBoolean(string text) => BooleanWords.Contains(text, StringComparer.OrdinalIgnoreCase);

    private static bool IsNumber(string text)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal).TrimStart('+', '-');
        // The system's reader takes the words "infinity" and "nan", too, which are labels as any other.
        return (digits.Any(char.IsAsciiDigit) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            || IsBased(digits)
            || digits.Equals(".inf", StringComparison.OrdinalIgnoreCase)
            || digits.Equals(".nan", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsBased(string digits) => digits.Length > 2 && digits[0] == '0' && digits[1] switch
    {
        'x' or 'X' => digits.Skip(2).All(char.IsAsciiHexDigit),
        'o' => digits.Skip(2).All(c => c is >= '0' and <= '7'),
        'b' => digits.Skip(2).All(c => c is '0' or '1'),
        _ => false,
    };
}
