using System.Collections.Frozen;

namespace Proxy.Policy.Matching;

/// <summary>The values of the Secrets that header matches may rest on.</summary>
internal sealed class PolicySecrets(IEnumerable<PolicySecret> secrets)
{
    private readonly FrozenDictionary<SecretName, byte[]> _values = secrets
        .GroupBy(secret => new SecretName(secret.Namespace, secret.Name), secret => secret.Value)
        .Where(group => group.Count() == 1)
        .Select(group => (Name: group.Key, Value: group.Single()?.ToArray() ?? []))
        .Where(secret => secret.Value.Length > 0 && HeaderSyntax.IsValue(secret.Value))
        .ToFrozenDictionary(secret => secret.Name, secret => secret.Value);

    public static PolicySecrets None { get; } = new([]);

    /// <summary>
    /// Null when there is no such Secret, several claim the name, it has not exactly one entry, or the entry is empty or
    /// no header's value (a line feed at its end is the usual case).
    /// </summary>
    public byte[]? Find(SecretName name) => _values.GetValueOrDefault(name);
}
