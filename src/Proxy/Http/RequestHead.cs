using Proxy.Policy;

namespace Proxy.Http;

/// <summary>A well-formed request as policy and flows see it; views into a lane's buffer, valid only during the call.</summary>
internal readonly ref struct RequestHead
{
    public ReadOnlySpan<byte> Method { get; init; }

    /// <summary>Path with query as the server gets it; without scheme and authority; <c>*</c> for OPTIONS on the server as a whole.</summary>
    public ReadOnlySpan<byte> Target { get; init; }

    /// <summary>The Host header as sent; empty for an HTTP/1.0 request without one.</summary>
    public ReadOnlySpan<byte> Host { get; init; }

    /// <summary>The header lines as sent, each with its CR LF; without the empty line.</summary>
    public ReadOnlySpan<byte> Headers { get; init; }

    /// <summary>1 for HTTP/1.1, 0 for HTTP/1.0.</summary>
    public byte MinorVersion { get; init; }

    /// <summary>What an HTTP rule is asked about.</summary>
    public RequestFacts Facts => new(Method, Target, Host) { Headers = Headers, HasSettledTarget = true };
}

/// <summary>Who decides about the requests of one connection and hears of their answers; called on the lane's thread.</summary>
internal interface IRequestJudge
{
    /// <summary>
    /// Asked once per request, when it would be the next to go to the server. A refused one is answered with 403; of one
    /// that is allowed, the gate changes the header fields as the verdict says.
    /// </summary>
    RequestVerdict Decide(in RequestHead request);

    /// <summary>
    /// The server's final answer (or 101) to the request that was last allowed has begun.
    /// </summary>
    void Answered(in RequestHead request, ushort status);

    /// <summary>
    /// Asked when something is not well formed: whether requests are only watched here, so that the connection goes on and
    /// nothing of it is looked at any more.
    /// </summary>
    bool MayPassUnread() => false;

    /// <summary>Whether requests are only watched, so that an incomplete head is no fault however long it takes.</summary>
    bool OnlyWatches => false;

    /// <summary>
    /// Whether bodies must have no trailers: servers that merge them into the headers would read others than were judged.
    /// </summary>
    bool RefusesTrailers => false;
}
