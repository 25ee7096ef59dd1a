using System.Diagnostics.CodeAnalysis;

namespace Proxy.Spiffe.Issuing;

/// <summary>One property of a workload, written <c>type:value</c>; the value may hold further colons.</summary>
/// <param name="Type">The attestor, for example <c>k8s</c>.</param>
/// <param name="Value">The property, for example <c>ns:default</c>.</param>
public readonly record struct Selector(string Type, string Value)
{
    /// <summary>Reads <c>type:value</c>; both parts must be there.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Selector selector)
    {
        selector = default;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon <= 0 || colon == text!.Length - 1)
            return false;
        selector = new Selector(text[..colon], text[(colon + 1)..]);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type}:{Value}";
}
