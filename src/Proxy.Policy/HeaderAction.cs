using System.Numerics;
using Proxy.Policy.Matching;

namespace Proxy.Policy;

/// <summary>What becomes of a header that is not as a rule wants it, where the rule matches all the same.</summary>
public enum HeaderActionKind
{
    /// <summary>Reported only.</summary>
    Log,

    /// <summary>A line with the wanted value is added to those that are there.</summary>
    Add,

    /// <summary>All its lines are removed.</summary>
    Delete,

    /// <summary>All its lines are removed, and one with the wanted value is added.</summary>
    Replace,
}

/// <summary>One thing to do with a header; made once per rule.</summary>
public sealed class HeaderAction
{
    internal HeaderAction(HeaderActionKind kind, string name, ReadOnlyMemory<byte> nameBytes, ReadOnlyMemory<byte> value, bool isMissing)
    {
        Kind = kind;
        Name = nameBytes;
        Value = value;
        Note = $"{(isMissing ? "missing" : "rejected")}-header={name}{Done(kind, isMissing)}";
    }

    /// <summary>What to do.</summary>
    public HeaderActionKind Kind { get; }

    /// <summary>The header's name: a token.</summary>
    public ReadOnlyMemory<byte> Name { get; }

    /// <summary>The value to add: no control characters, no blank at either end. It may be a secret: it is not to be shown.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>For flows: whether the header was missing or rejected, its name, and what was done; never a value.</summary>
    public string Note { get; }

    internal bool Removes => Kind is HeaderActionKind.Delete or HeaderActionKind.Replace;

    /// <summary>
    /// Whether a line with this name is one that the action is about: case does not count, and '_' counts as '-', which
    /// some servers take for the same.
    /// </summary>
    public bool IsAbout(ReadOnlySpan<byte> name) => HeaderSyntax.AreAlike(name, Name.Span);

    /// <inheritdoc cref="Note"/>
    public override string ToString() => Note;

    private static string Done(HeaderActionKind kind, bool isMissing) => kind switch
    {
        HeaderActionKind.Add => ", added",
        HeaderActionKind.Delete when !isMissing => ", deleted",
        HeaderActionKind.Replace => isMissing ? ", added" : ", replaced",
        _ => "",
    };
}

/// <summary>Those of a rule set's actions that one request asks for, in the order of the rules.</summary>
public readonly record struct HeaderActions
{
    private const int InlineBits = 64;

    private readonly HeaderAction[]? _all;
    private readonly ulong _first;
    private readonly ulong[]? _more;

    private HeaderActions(HeaderAction[] all, ulong first, ulong[]? more)
    {
        _all = all;
        _first = first;
        _more = more;
    }

    /// <summary>Nothing is to be done.</summary>
    public bool IsEmpty => _all is null;

    /// <summary>Whether header fields change; false when there is only something to report.</summary>
    public bool ChangesFields
    {
        get
        {
            foreach (var action in this)
            {
                if (action.Kind != HeaderActionKind.Log)
                    return true;
            }

            return false;
        }
    }

    /// <summary>The actions, in order.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Header lines as they are when everything is done; for <see cref="RequestFacts.Headers"/> of whoever judges next.</summary>
    /// <param name="lines">As <see cref="RequestFacts.Headers"/>.</param>
    public byte[] Apply(ReadOnlySpan<byte> lines)
    {
        var added = new List<HeaderAction>();
        foreach (var action in this)
        {
            // Two rules that want the same line get one.
            added.RemoveAll(earlier => action.IsAbout(earlier.Name.Span) && (action.Removes || action.Value.Span.SequenceEqual(earlier.Value.Span)));
            if (action.Kind is HeaderActionKind.Add or HeaderActionKind.Replace)
                added.Add(action);
        }

        var kept = new List<byte>();
        foreach (var range in lines.Split((byte)'\n'))
        {
            var line = lines[range];
            if (!line.IsEmpty && !IsRemoved(line[..Math.Max(line.IndexOf((byte)':'), 0)]))
                kept.AddRange([.. line, (byte)'\n']);
        }

        foreach (var action in added)
            kept.AddRange([.. action.Name.Span, .. ": "u8, .. action.Value.Span, .. "\r\n"u8]);
        return [.. kept];
    }

    private bool IsRemoved(ReadOnlySpan<byte> name)
    {
        foreach (var action in this)
        {
            if (action.Removes && action.IsAbout(name))
                return true;
        }

        return false;
    }

    /// <summary>These, and then those of another rule set; allocates where both have some.</summary>
    public HeaderActions Then(HeaderActions later)
    {
        if (IsEmpty || later.IsEmpty)
            return IsEmpty ? later : this;
        var all = new List<HeaderAction>();
        foreach (var action in this)
            all.Add(action);
        foreach (var action in later)
            all.Add(action);
        HeaderAction[] both = [.. all];
        var actions = default(HeaderActions);
        for (var i = 0; i < both.Length; i++)
            actions = actions.With(both, i);
        return actions;
    }

    /// <summary>With one more; allocates only for sets of more than 64 actions.</summary>
    internal HeaderActions With(HeaderAction[] all, int index)
    {
        if (index < InlineBits)
            return new HeaderActions(all, _first | (1UL << index), _more);

        var more = _more ?? new ulong[(all.Length - 1) / InlineBits];
        more[(index / InlineBits) - 1] |= 1UL << (index % InlineBits);
        return new HeaderActions(all, _first, more);
    }

    /// <summary>Walks through the actions.</summary>
    public struct Enumerator
    {
        private readonly HeaderActions _actions;
        private ulong _bits;
        private int _word;
        private int _index;

        internal Enumerator(HeaderActions actions)
        {
            _actions = actions;
            _bits = actions._first;
            _word = 0;
            _index = 0;
        }

        /// <summary>The action that was reached.</summary>
        public readonly HeaderAction Current => _actions._all![_index];

        /// <summary>False behind the last.</summary>
        public bool MoveNext()
        {
            while (_bits == 0)
            {
                if (_word >= (_actions._more?.Length ?? 0))
                    return false;
                _bits = _actions._more![_word++];
            }

            _index = (_word * InlineBits) + BitOperations.TrailingZeroCount(_bits);
            _bits &= _bits - 1;
            return true;
        }
    }
}
