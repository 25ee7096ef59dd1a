namespace Proxy.Http;

/// <summary>Where the body of one message ends.</summary>
internal struct BodyFraming
{
    private long _remaining;
    private bool _isChunked;
    private ChunkedBody _chunked;

    public static BodyFraming None => default;

    /// <summary>A response without any framing ends with its connection.</summary>
    public static BodyFraming UntilEnd => new() { EndsWithConnection = true };

    public bool EndsWithConnection { get; private init; }

    public readonly bool IsComplete => !EndsWithConnection && (_isChunked ? _chunked.IsComplete : _remaining == 0);

    public static BodyFraming OfLength(long length) => new() { _remaining = length };

    public static BodyFraming Chunked(bool allowsExtensions, GateLimits limits, bool allowsTrailers = true) =>
        new() { _isChunked = true, _chunked = new ChunkedBody(allowsExtensions, allowsTrailers, limits) };

    /// <summary>How many of the bytes belong to the body and are well formed.</summary>
    public int Advance(ReadOnlySpan<byte> bytes, out GateFault fault)
    {
        if (_isChunked)
            return _chunked.Advance(bytes, out fault);

        fault = GateFault.None;
        if (EndsWithConnection)
            return bytes.Length;
        var taken = (int)Math.Min(_remaining, bytes.Length);
        _remaining -= taken;
        return taken;
    }
}
