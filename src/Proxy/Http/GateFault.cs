using System.Text;

namespace Proxy.Http;

/// <summary>Why the gate would not let a message through: closed, so that it can label a metric and a flow.</summary>
internal enum GateFault : byte
{
    None,
    BareLineFeed,
    LeadingEmptyLine,
    BadRequestLine,
    BadMethod,
    BadVersion,
    Http2Preface,
    TargetTooLong,
    BadTarget,
    AmbiguousPath,
    ConnectMethod,
    HeadTooLarge,
    TooManyHeaders,
    FoldedHeader,
    BadHeaderName,
    BadHeaderValue,
    BadConnectionHeader,
    HostMissing,
    HostRepeated,
    HostInvalid,
    HostDisagreesWithTarget,
    BadContentLength,
    RepeatedContentLength,
    ContentLengthAndTransferEncoding,
    BadTransferEncoding,
    BadExpectation,
    UnexpectedBody,
    BadChunk,
    ChunkLineTooLong,
    BadTrailer,
    TrailerTooLarge,
    DiscardedBodyTooLarge,
    RequestTruncated,
    BadStatusLine,
    ResponseHeadTooLarge,
    UnsolicitedResponse,
    UnaskedUpgrade,
    ResponseTruncated,
    HeadTimedOut,
}

/// <summary>The words for faults.</summary>
internal static class GateFaultNames
{
    private static readonly string[] Names = [.. Enum.GetNames<GateFault>().Select(ToKebab)];

    /// <summary>The fault as a flow's reason shows it, such as <c>bad-chunk</c>; empty for none.</summary>
    public static string Reason(this GateFault fault) => fault == GateFault.None ? "" : Names[(int)fault];

    private static string ToKebab(string name)
    {
        var kebab = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && kebab.Length > 0)
                kebab.Append('-');
            kebab.Append(char.ToLowerInvariant(letter));
        }

        return kebab.ToString();
    }
}
