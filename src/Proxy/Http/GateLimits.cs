namespace Proxy.Http;

/// <summary>What the gate accepts at most. Heads are held back whole, so both head limits must fit a lane's buffer.</summary>
internal sealed record GateLimits
{
    /// <summary>The limits in force unless the configuration says otherwise.</summary>
    public static GateLimits Default { get; } = new();

    /// <summary>Bytes of a request head, the empty line included, as it came and as it goes on; more is answered with 431.</summary>
    public int MaxHeadBytes { get; init; } = 16 * 1024;

    /// <summary>From the first byte of a request head to its last; more is answered with 408. Zero is for ever.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Header lines of one head; more is answered with 431.</summary>
    public int MaxHeaders { get; init; } = 100;

    /// <summary>Bytes of a request target; more is answered with 414.</summary>
    public int MaxTargetBytes { get; init; } = 8 * 1024;

    /// <summary>
    /// A path that servers may resolve to another one is normalised as Cilium's Envoy does, for policy and for the server;
    /// otherwise it is refused.
    /// </summary>
    public bool NormalisesPaths { get; init; }

    /// <summary>Refuses paths with slashes in a row, which some servers take for one; otherwise they go on as they are.</summary>
    public bool RefusesRepeatedSlashes { get; init; }

    /// <summary>Bytes of a chunk-size line without its CR LF.</summary>
    public int MaxChunkLineBytes { get; init; } = 256;

    /// <summary>Bytes of a whole trailer section.</summary>
    public int MaxTrailerBytes { get; init; } = 8 * 1024;

    /// <summary>Bytes of a response head, the empty line included; more cuts the connection.</summary>
    public int MaxResponseHeadBytes { get; init; } = 32 * 1024;

    /// <summary>Bytes of a refused request's body that are read and dropped to keep the connection; more closes it.</summary>
    public long MaxDiscardedBytes { get; init; } = 1024 * 1024;
}
