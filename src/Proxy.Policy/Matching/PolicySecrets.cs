using System.Collections.Frozen;

namespace Proxy.Policy.Matching;

/// <summary>The values of the Secrets that header matches may rest on.</summary>
internal sealed class PolicySecrets(IEnumerable<PolicySecret> secrets)
{
    private readonly FrozenDictionary<SecretName, byte[]?> _values = secrets
        .GroupBy(secret => new SecretName(secret.Namespace, secret.Name), secret => secret.Value)
        .ToFrozenDictionary(group => group.Key, group => UsableOf([.. group]));

    public static PolicySecrets None { get; } = new([]);

    /// <summary>
    /// False when there is no such Secret. The value is null when there is one that none can be taken from: it has not
    /// exactly one entry, several claim the name, or the entry is empty or no header's value (a line feed at its end is
    /// the usual case).
    /// </summary>
    public bool TryFind(SecretName name, out byte[]? value) => _values.TryGetValue(name, out value);

    private static byte[]? UsableOf(ReadOnlyMemory<byte>?[] claims) =>
        claims is [{ Length: > 0 } value] && HeaderSyntax.IsValue(value.Span) ? value.ToArray() : null;
}
