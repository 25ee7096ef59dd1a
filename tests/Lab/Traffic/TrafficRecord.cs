using System.Globalization;

namespace Lab.Traffic;

/// <summary>How one exchange went, as a client prints it.</summary>
/// <param name="Begun">When its connection was begun, in milliseconds since 1970.</param>
/// <param name="Time">When it began itself.</param>
/// <param name="Kind">The kind of conversation.</param>
/// <param name="Result">One of the results below.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Heard">Something of the server was heard.</param>
/// <param name="Detail">What the result says in words.</param>
public sealed record TrafficRecord(long Begun, long Time, string Kind, string Result, long Milliseconds, bool Heard, string Detail)
{
    /// <summary>All was said and heard as it should be.</summary>
    public const string Ok = "ok";

    /// <summary>Ended by somebody else: a reset, or no connection.</summary>
    public const string Cut = "cut";

    /// <summary>A request was refused with an answer.</summary>
    public const string Refused = "refused";

    /// <summary>Nothing happened until the client's own limit.</summary>
    public const string Late = "late";

    /// <summary>What no fault of the network excuses.</summary>
    public const string Wrong = "wrong";

    /// <summary>The kind of request that policy never allows.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>When it ended.</summary>
    public long Ended => Time + Milliseconds;

    public bool IsOk => Result == Ok;

    /// <summary>As it is when nothing fails: answered, or refused where that is wanted.</summary>
    public bool IsGood => Kind == Forbidden ? Result == Refused : IsOk;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Begun} {Time} {Kind} {Result} {Milliseconds} {(Heard ? "heard" : "silent")} {Detail}");

    /// <summary>Null for a line that is no record, or not a whole one.</summary>
    public static TrafficRecord? Parse(string line)
    {
        var words = line.Split(' ', 7);
        return words.Length == 7
            && long.TryParse(words[0], CultureInfo.InvariantCulture, out var begun)
            && long.TryParse(words[1], CultureInfo.InvariantCulture, out var time)
            && long.TryParse(words[4], CultureInfo.InvariantCulture, out var milliseconds)
                ? new(begun, time, words[2], words[3], milliseconds, words[5] == "heard", words[6])
                : null;
    }
}
