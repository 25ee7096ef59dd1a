using System.Security.Cryptography;
using System.Text;

namespace Proxy.Policy.Matching;

/// <summary>How a request stands to what a rule says about one header.</summary>
internal enum HeaderFinding
{
    Met,
    Missing,
    Rejected,
}

/// <summary>
/// What a rule says about one header, with its secret resolved. A value is met by one line that holds exactly it: of
/// several lines nobody knows which one the server takes. Lines whose names a server may take for this one count.
/// </summary>
internal sealed class HeaderTest
{
    private readonly byte[] _name;
    private readonly byte[]? _value;
    private readonly bool _isNever;

    public HeaderTest(HeaderMatch match, PolicySecrets secrets)
    {
        _name = Encoding.ASCII.GetBytes(match.Name);
        _value = match.Value is null ? null : Encoding.UTF8.GetBytes(match.Value);
        if (match.Secret is not { } secret)
            return;

        // What is written beside it stands in for a Secret that is not there, not for one that is wrong.
        if (secrets.TryFind(secret, out var found))
            _value = found;
        _isNever = _value is null;
    }

    /// <summary>The secret gives no value: the rule cannot match, whatever the action would be.</summary>
    public bool IsNever => _isNever;

    public HeaderFinding Look(ReadOnlySpan<byte> lines)
    {
        var (count, isMet) = (0, false);
        var fields = new HeaderFields(lines);
        while (fields.MoveNext())
        {
            if (!HeaderSyntax.AreAlike(fields.Name, _name))
                continue;

            count++;
            isMet |= Ascii.EqualsIgnoreCase(fields.Name, _name) && IsWanted(fields.Value);
        }

        if (isMet && (count == 1 || _value is null))
            return HeaderFinding.Met;

        return count == 0 ? HeaderFinding.Missing : HeaderFinding.Rejected;
    }

    /// <summary>What to do about a finding.</summary>
    public HeaderAction ActionFor(HeaderMatch match, HeaderActionKind kind, bool isMissing) =>
        new(kind, match.Name, _name, _value ?? [], isMissing);

    private bool IsWanted(ReadOnlySpan<byte> value) => _value is null || CryptographicOperations.FixedTimeEquals(value, _value);
}
